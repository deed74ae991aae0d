// Makes the one server a replica set, which transactions need, and waits for its primary. Safe to run twice.
const NAME = "rs0";
const MOST_SECONDS = 120;

try {
  rs.status();
} catch (error) {
  if (error.codeName !== "NotYetInitialized") throw error;
  rs.initiate({ _id: NAME, members: [{ _id: 0, host: "mongo:27017" }] });
}
for (let second = 0; !db.hello().isWritablePrimary; second += 1) {
  if (second === MOST_SECONDS) throw new Error(`no primary after ${MOST_SECONDS} s`);
  sleep(1000);
}
