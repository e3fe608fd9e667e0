/* The page where a person plays a follower. The story (timeline) says when to look again; what is
   shown is always read anew from the control API. */

const byId = (id) => document.getElementById(id);
const state = { accounts: [], media: [], account: null, media_id: null, after: 0 };
const KINDS = { FEED: "Post", REELS: "Reel", STORY: "Story", AD: "Ad", LIVE: "Live" };

async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: body ? { "Content-Type": "application/json" } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  const told = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(told.detail ?? `${answer.status}`);
  return told;
}

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

function say(text, isBad = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("bad", isBad);
}

function sayDelivery(what, webhook) {
  const first = webhook[0];
  if (!first) say(`${what}. Nobody is subscribed to it.`);
  else if (first.outcome === "accepted")
    say(`${what}. The webhook was accepted in ${Math.round(first.latency_ms)} ms.`);
  else if (first.status) say(`${what}, but the webhook was refused (${first.status}). It is tried again.`, true);
  else say(`${what}, but the webhook did not arrive: ${first.error}`, true);
}

/* What people wrote runs in its own direction, and cannot turn around what stands beside it. */
const words = (tag, attributes, text) => make(tag, { ...attributes, dir: "auto" }, text);

const username = () => byId("username").value.trim().toLowerCase();
const time = (iso) =>
  make("time", { datetime: iso }, new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
const empty = (title, hint) => make("li", { class: "empty", "data-print": title }, make("strong", {}, title), hint);
const chosen = () => state.media.find((one) => one.media_id === state.media_id);

/* Stage: accounts and posts */

async function loadAccounts() {
  state.accounts = (await call("GET", "/sim/accounts")).accounts;
  if (!state.accounts.some((one) => one.account_id === state.account))
    state.account = state.accounts[0]?.account_id ?? null;
  const options = state.accounts.map((one) =>
    make("option", { value: one.account_id, selected: one.account_id === state.account }, `@${one.username}`));
  byId("account").replaceChildren(...(options.length ? options : [make("option", {}, "none yet")]));
  byId("account").disabled = !options.length;
  await loadMedia();
  if (!state.media.length) byId("setup").open = true;
}

async function loadMedia() {
  state.media = state.account ? (await call("GET", `/sim/accounts/${state.account}/media`)).media : [];
  if (!chosen()) state.media_id = state.media[0]?.media_id ?? null;
  const focused = document.activeElement?.name === "post";
  const legend = byId("posts").querySelector("legend");
  byId("posts").replaceChildren(legend, ...(state.media.length ? state.media.map(postChoice) : [noPosts()]));
  const checked = byId("posts").querySelector("input:checked");
  if (focused) checked?.focus();
  if (checked) bringIntoSight(checked.parentElement, byId("posts"));
  await look();
}

/* Not by scrollIntoView: in some browsers the first Tab goes on from there, past the header. */
function bringIntoSight(one, list) {
  const part = one.getBoundingClientRect(), whole = list.getBoundingClientRect();
  list.scrollLeft += Math.min(0, part.left - whole.left) + Math.max(0, part.right - whole.right);
  list.scrollTop += Math.min(0, part.top - whole.top) + Math.max(0, part.bottom - whole.bottom);
}

const noPosts = () =>
  make("div", { class: "empty" },
    make("strong", {}, state.account ? "No posts yet" : "No account yet"),
    state.account ? "Add one below, and comment on it." : "Add one below to begin.");

const postChoice = (one) =>
  make("label", { class: "choice" },
    make("input", {
      type: "radio", name: "post", value: one.media_id, checked: one.media_id === state.media_id,
      onchange: () => { state.media_id = one.media_id; look(); },
    }),
    make("span", {}, words("span", { class: "caption" }, one.caption || "Without a caption"),
      make("small", {}, KINDS[one.media_product_type] ?? one.media_product_type)));

/* Looking: comments and conversation */

async function look() {
  const hasAccount = state.account !== null;
  for (const form of ["message-form", "new-post"])
    for (const control of byId(form).elements) control.disabled = !hasAccount;
  for (const control of byId("comment-form").elements) control.disabled = !chosen();
  await Promise.all([lookAtPost(), lookAtTalk()]);
}

async function lookAtPost() {
  const post = chosen();
  const isStory = post?.media_product_type === "STORY";
  byId("post-title").textContent = isStory ? "Story" : "Comments";
  byId("post-meta").textContent = post ? post.caption : "";
  byId("comment-button").textContent = isStory ? "Send" : "Post";
  byId("comment-label").textContent = isStory ? "Answer the story" : `Comment as @${username()}`;
  if (!post) return show("comments", [empty("Nothing to comment on", "Choose a post, or add one.")]);
  if (isStory)
    return show("comments", [empty("Stories have no comments", "What you write below arrives as a message.")]);
  const path = `/sim/accounts/${state.account}/media/${post.media_id}/comments`;
  const { comments } = await call("GET", path);
  const list = comments.reverse().map(commentItem);
  show("comments", list.length ? list : [empty("No comments yet", "Be the first: write a keyword the account listens for.")]);
}

const commentItem = (one) =>
  make("li", { class: one.username === username() ? "comment mine" : "comment", "data-print": JSON.stringify([username(), one]) },
    make("p", {}, make("span", { class: "by" }, `@${one.username}`), " ", words("span", {}, one.text ?? "(no text)")),
    time(one.created_at),
    one.private_replies ? make("span", { class: "note" }, "answered in private") : null,
    one.replies.length ? make("ol", {}, ...one.replies.map(commentItem)) : null);

async function lookAtTalk() {
  const account = state.accounts.find((one) => one.account_id === state.account);
  byId("talk-meta").textContent = account ? `@${username()} and @${account.username}` : "";
  if (!account || !username())
    return show("talk", [empty("No conversation", "Choose an account and a name for yourself.")]);
  const path = `/sim/conversations/${state.account}/${encodeURIComponent(username())}`;
  const { messages } = await call("GET", path);
  const last = messages.at(-1);
  const list = messages.map((one) => messageItem(one, one === last));
  show("talk", list.length ? list : [empty("No messages yet", "Private replies to your comments arrive here. You can also write first.")]);
}

/* Change a list only where it says something new: what stays keeps its focus and is not read aloud
   again. Its end is kept in sight. */
function show(id, items) {
  const list = byId(id);
  const before = new Map([...list.children].map((child) => [child.dataset.print, child]));
  const after = items.map((item) => before.get(item.dataset.print) ?? item);
  const isNew = after.some((item, place) => item !== list.children[place]);
  for (const child of [...list.children]) if (!after.includes(child)) child.remove();
  after.forEach((item, place) => {
    if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
  });
  if (isNew) list.scrollTop = list.scrollHeight;
}

function messageItem(one, isLast) {
  const isMine = one.from === "person";
  const payload = one.message.attachment?.payload ?? {};
  const elements = payload.elements ?? [];
  const buttons = [...(payload.buttons ?? []), ...elements.flatMap((element) => element.buttons ?? [])];
  return make("li", { class: isMine ? "said me" : "said", "data-print": JSON.stringify([isLast, one]) },
    make("span", { class: "hidden" }, isMine ? "You:" : "The account:"),
    about(one),
    words("div", { class: one.deleted ? "bubble gone" : "bubble" }, bubbleText(one, elements)),
    buttons.length ? make("div", { class: "buttons" }, ...buttons.map(templateButton)) : null,
    isLast && one.message.quick_replies
      ? make("div", { class: "buttons chips" }, ...one.message.quick_replies.map(chip)) : null,
    make("span", { class: "when" }, time(one.created_at), latency(one)));
}

function about(one) {
  if (one.comment_id) return make("span", { class: "about" }, "In answer to your comment");
  if (one.message.reply_to?.story) return make("span", { class: "about" }, "In answer to a story");
  if (one.message.postback) return make("span", { class: "about" }, "Tapped");
  return null;
}

function bubbleText(one, elements) {
  if (one.deleted) return "Unsent";
  if (one.text) return one.text;
  if (elements.length) return elements.map((element) => [element.title, element.subtitle].filter(Boolean).join("\n")).join("\n\n");
  const attachment = one.message.attachment ?? one.message.attachments?.[0];
  return attachment ? `(${attachment.type}) ${attachment.payload?.url ?? ""}` : "(unsupported)";
}

const latency = (one) =>
  one.latency_ms == null ? null
    : make("span", {}, one.via === "hand" ? "by hand" : `after ${Math.round(one.latency_ms)} ms`);

const templateButton = (button) =>
  button.type === "web_url"
    ? make("a", { href: button.url, target: "_blank", rel: "noopener noreferrer" }, button.title)
    : make("button", { type: "button", onclick: () => tap(button) }, button.title);

const chip = (one) =>
  make("button", { type: "button", onclick: () => write({ text: one.title || username(), quick_reply: one.payload }) },
    one.title || one.content_type);

/* Acting */

const inThread = () => ({ account_id: state.account, username: username() });

async function tap(button) {
  const told = await attempt(() =>
    call("POST", "/sim/postbacks", { ...inThread(), payload: button.payload, title: button.title }));
  if (told) sayDelivery("Tapped", told.webhook);
}

async function write(message) {
  const told = await attempt(() => call("POST", "/sim/messages", { ...inThread(), ...message }));
  if (told) sayDelivery("Sent", told.webhook);
  return told;
}

async function comment(text) {
  const told = await attempt(() =>
    call("POST", "/sim/comments", { ...inThread(), media_id: state.media_id, text }));
  if (told) sayDelivery("Posted", told.webhook);
  return told;
}

async function attempt(act) {
  try {
    return await act();
  } catch (error) {
    say(error.message, true);
    return null;
  }
}

function onSubmit(id, act) {
  byId(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    if (!byId("person-form").reportValidity()) return;
    if (await act(Object.fromEntries(new FormData(form)))) form.reset();
  });
}

onSubmit("message-form", ({ text }) => write({ text }));
onSubmit("comment-form", ({ text }) =>
  chosen().media_product_type === "STORY" ? write({ text, story_id: state.media_id }) : comment(text));
onSubmit("new-account", async (body) => {
  const made = await attempt(() => call("POST", "/sim/accounts", body));
  if (made) { state.account = made.account_id; say(`@${made.username} is there.`); await loadAccounts(); }
  return made;
});
onSubmit("new-post", async (body) => {
  const made = await attempt(() => call("POST", `/sim/accounts/${state.account}/media`, body));
  if (made) { state.media_id = made.media_id; byId("setup").open = false; say("The post is there."); await loadMedia(); }
  return made;
});
byId("person-form").addEventListener("submit", (event) => event.preventDefault());
byId("username").addEventListener("change", look);
byId("account").addEventListener("change", (event) => { state.account = event.target.value; loadMedia(); });

/* Following the story */

async function judge() {
  const verdict = await call("GET", "/sim/summary");
  const faults = ["lost", "twice", "outside_window", "over_limit", "unexpected", "out_of_order",
    "after_opt_out", "after_deadline", "while_held"];
  const found = faults.filter((name) => verdict[name])
    .map((name) => `${verdict[name]} ${name.replaceAll("_", " ")}`);
  byId("verdict").textContent = `${verdict.sent} sent · ${found.join(" · ") || "nothing wrong"}`;
  byId("verdict").classList.toggle("bad", found.length > 0);
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function follow() {
  let isAway = false;
  for (;;) {
    try {
      // One that was away may have begun anew, and counts from 1 again: take its word for where we are.
      const part = isAway ? "limit=1" : `after=${state.after}&wait_s=25&limit=10000`;
      const { entries, last_n } = await call("GET", `/sim/timeline?${part}`);
      const isStage = isAway || entries.some((one) => ["account", "media", "reset"].includes(one.kind));
      state.after = last_n;
      if (isAway) say("Connected again.");
      isAway = false;
      if (isStage) await loadAccounts();
      else if (entries.length) await look();
      if (entries.length) await judge();
      await pause(150); // under load, look a few times a second and not for every entry
    } catch {
      if (!isAway) say("The simulator does not answer. Trying again…", true);
      isAway = true;
      await pause(1500);
    }
  }
}

state.after = (await call("GET", "/sim/timeline?limit=1")).last_n;
await loadAccounts();
await judge();
say("Ready.");
follow();
