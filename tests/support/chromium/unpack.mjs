// Unpacks the Chromium that lies brotli-packed in @sparticuz/chromium.
//
//   node unpack.mjs FOLDER        prints the path of an executable that works by itself
//
// Only the package's packed files are used: its own `executablePath()` unpacks under a fixed name
// in the machine's temporary folder, which two people on one machine cannot share.
//
// The packed `lib` (NSS, NSPR, expat) and `fonts` are what a bare Debian lacks. A small shell script
// points Chromium at them, wherever the folder is moved to, so that nobody else needs to know.
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";
import tar from "tar-fs";

const LAUNCHER = `#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
export LD_LIBRARY_PATH="$here/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export FONTCONFIG_FILE="$here/fonts.conf"
exec "$here/chromium.bin" "$@"
`;

const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

const entry = createRequire(import.meta.url).resolve("@sparticuz/chromium");
const packed = join(dirname(entry), "..", "..", "bin");
const folder = resolve(process.argv[2]);

const unpack = (name, into) =>
  pipeline(createReadStream(join(packed, name)), createBrotliDecompress(), into);

await mkdir(folder, { recursive: true });
await Promise.all([
  unpack("chromium.br", createWriteStream(join(folder, "chromium.bin"), { mode: 0o755 })),
  ...["swiftshader.tar.br", "al2023.tar.br", "fonts.tar.br"].map((name) => unpack(name, tar.extract(folder))),
]);
await writeFile(join(folder, "fonts.conf"), FONTS);
await writeFile(join(folder, "chromium"), LAUNCHER, { mode: 0o755 });
console.log(join(folder, "chromium"));
