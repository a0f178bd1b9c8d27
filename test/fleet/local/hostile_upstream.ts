/** An upstream that does what a gateway fears, on loopback, and remembers what it was asked. */
import http from "node:http";
import net from "node:net";
import { gzipSync } from "node:zlib";

export interface HostileUpstream {
  port: number;
  /** A port that counts connections and says nothing: whoever reaches it came another way than HTTP. */
  rawPort: number;
  rawConnections(): number;
  /** Path and bearer of every request, in order. */
  requests: { path: string; authorization: string }[];
  /** The most bytes of one body that were taken from it. */
  sentMax(): number;
  stop(): Promise<void>;
}

const chunk = Buffer.alloc(65_536, "x");
const gigabyte = 1_000_000_000;

export async function startHostileUpstream(): Promise<HostileUpstream> {
  const requests: HostileUpstream["requests"] = [];
  let sentMax = 0;
  let rawConnections = 0;

  /** Writes as fast as it is read, up to a gigabyte. */
  const flood = (response: http.ServerResponse): void => {
    let sent = 0;
    const more = (): void => {
      while (sent < gigabyte && !response.destroyed) {
        sent += chunk.length;
        sentMax = Math.max(sentMax, sent);
        if (!response.write(chunk)) return void response.once("drain", more);
      }
      response.end();
    };
    more();
  };

  const moved = (response: http.ServerResponse, location: string): void => {
    response.writeHead(302, { location }).end();
  };

  const server = http.createServer((request, response) => {
    const { url: path = "", headers } = request;
    const authorization = headers.authorization ?? "";
    requests.push({ path, authorization });
    response.on("error", () => {});
    const hop = /^\/loop\/(\d+)$/.exec(path)?.[1];
    if (hop !== undefined) return moved(response, `/loop/${Number(hop) + 1}`);
    switch (path) {
      case "/to-other":
        return moved(response, "https://other.example/");
      case "/to-http":
        return moved(response, "http://hostile.example/ok");
      case "/to-private":
        return moved(response, "http://169.254.169.254/latest/meta-data/");
      case "/gigabyte":
        return flood(response);
      case "/headers": {
        // Ten megabytes, by hand: Node itself refuses to write so many.
        response.socket?.write("HTTP/1.1 200 OK\r\n");
        for (let n = 0; n < 1_000; n++) response.socket?.write(`x-${n}: ${"y".repeat(10_000)}\r\n`);
        response.socket?.end("content-length: 2\r\n\r\nok");
        return;
      }
      case "/endless": {
        response.write("it begins");
        const timer = setInterval(() => response.write("."), 20);
        response.on("close", () => clearInterval(timer));
        return;
      }
      case "/split": {
        const half = Math.ceil(authorization.length / 2);
        response.write(authorization.slice(0, half));
        setTimeout(() => response.end(authorization.slice(half)), 50);
        return;
      }
      case "/shout":
        response.writeHead(200, { "content-encoding": "GZIP" });
        response.end(gzipSync(authorization));
        return;
      default:
        response.end("ok");
    }
  });
  const raw = net.createServer((socket) => {
    rawConnections += 1;
    socket.destroy();
  });
  const portOf = async (one: net.Server): Promise<number> => {
    await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
    return (one.address() as net.AddressInfo).port;
  };
  return {
    port: await portOf(server),
    rawPort: await portOf(raw),
    rawConnections: () => rawConnections,
    requests,
    sentMax: () => sentMax,
    stop: async () => {
      server.closeAllConnections();
      await Promise.all([server, raw].map((one) => new Promise((done) => one.close(done))));
    },
  };
}
