// gRPC as it is on the wire: `serve` sends a message five times a second, and a good end;
// `listen` says how many came, and how it ended.
import { connect, createServer } from "node:http2";

const [what, ...rest] = process.argv.slice(2);
const MESSAGE = Buffer.from([0, 0, 0, 0, 1, 65]);

function serve(count) {
  const server = createServer();
  server.on("stream", (stream) => {
    let sent = 0;
    stream.respond({ "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.on("error", () => {});
    const timer = setInterval(() => (++sent < count ? stream.write(MESSAGE) : end()), 200);
    const end = () => (clearInterval(timer), stream.end(MESSAGE));
    stream.on("close", () => clearInterval(timer));
  });
  server.listen(9000);
}

function listen(url) {
  const { origin, pathname } = new URL(url);
  const session = connect(origin, { rejectUnauthorized: false });
  const headers = { ":method": "POST", ":path": pathname, "content-type": "application/grpc" };
  const stream = session.request(headers);
  let bytes = 0;
  let ended = "cut off";
  stream.on("data", (data) => (bytes += data.length));
  stream.on("trailers", (trailers) => (ended = `grpc-status ${trailers["grpc-status"]}`));
  stream.on("error", (error) => (ended = String(error)));
  stream.on("close", () => (console.log(`${bytes / MESSAGE.length} messages, ${ended}`), session.close()));
  stream.end();
}

({ serve, listen })[what](...rest);
