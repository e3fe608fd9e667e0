-- Forget a person, and whatever is just being remembered of anybody of the account.
--
-- KEYS[1]  erasings     KEYS[2]  window of the person     KEYS[3]  contact
-- ARGV[1]  another word for erasings     ARGV[2]  how long it lives, ms
-- returns  how many keys there were of the person
--
-- Who has read the person in Postgres before they were erased there has seen another word before that,
-- and stores nothing now. So it is also if the word is lost: the next one is another one again.
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return redis.call('UNLINK', KEYS[2], KEYS[3])
