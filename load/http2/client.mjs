// Node's http2: pages one after the other, four at once on one connection.
import { connect } from "node:http2";
import { setTimeout as pause } from "node:timers/promises";

const [url, seconds] = process.argv.slice(2);
const ends = Date.now() + 1000 * seconds;
const found = {};
const { origin, pathname } = new URL(url);
let session;

const count = (what) => (found[what] = (found[what] ?? 0) + 1);

function connection() {
  if (!session || session.closed || session.destroyed) {
    count("connections");
    session = connect(origin, { rejectUnauthorized: "SSL_CERT_FILE" in process.env });
    session.on("error", (error) => count(String(error)));
  }
  return session;
}

function ask() {
  return new Promise((done) => {
    let status;
    const stream = connection().request({ ":path": pathname });
    stream.on("response", (headers) => (status = headers[":status"]));
    stream.on("error", (error) => count(String(error)));
    stream.on("close", () => done(count(status === 200 && !stream.rstCode ? "ok" : `${status}`)));
    stream.resume();
    stream.end();
  });
}

async function askOn() {
  while (Date.now() < ends) {
    await ask();
    await pause(10);
  }
}

await Promise.all([askOn(), askOn(), askOn(), askOn()]);
session.close();
console.log(JSON.stringify(found));
