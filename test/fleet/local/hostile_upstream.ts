/** An upstream on loopback that attacks the gateway and records its requests. */
import http from "node:http";
import net from "node:net";
import { gzipSync } from "node:zlib";

export interface HostileUpstream {
  port: number;
  /** A port that only counts connections: a connection there did not come through the gateway. */
  rawPort: number;
  rawConnections(): number;
  /** Path and bearer of every request, in order. */
  requests: { path: string; authorization: string }[];
  /** The maximum bytes of one body that were read from it. */
  sentMax(): number;
  stop(): Promise<void>;
}

const chunk = Buffer.alloc(65_536, "x");
const gigabyte = 1_000_000_000;

export async function startHostileUpstream(): Promise<HostileUpstream> {
  const requests: HostileUpstream["requests"] = [];
  let sentMax = 0;
  let rawConnections = 0;

  /** Writes as fast as the reader reads, up to a gigabyte. */
  const flood = (response: http.ServerResponse): void => {
    let sent = 0;
    const write = (): void => {
      while (sent < gigabyte && !response.destroyed) {
        sent += chunk.length;
        sentMax = Math.max(sentMax, sent);
        if (!response.write(chunk)) return void response.once("drain", write);
      }
      response.end();
    };
    write();
  };

  const redirect = (response: http.ServerResponse, location: string): void => {
    response.writeHead(302, { location }).end();
  };

  const server = http.createServer((request, response) => {
    const { url: path = "", headers } = request;
    const authorization = headers.authorization ?? "";
    requests.push({ path, authorization });
    response.on("error", () => {});
    const hop = /^\/loop\/(\d+)$/.exec(path)?.[1];
    if (hop !== undefined) return redirect(response, `/loop/${Number(hop) + 1}`);
    switch (path) {
      case "/to-other":
        return redirect(response, "https://other.example/");
      case "/to-http":
        return redirect(response, "http://hostile.example/ok");
      case "/to-private":
        return redirect(response, "http://169.254.169.254/latest/meta-data/");
      case "/gigabyte":
        return flood(response);
      case "/headers": {
        // Ten megabytes, written to the socket because Node rejects so many headers.
        response.socket?.write("HTTP/1.1 200 OK\r\n");
        for (let n = 0; n < 1_000; n++) response.socket?.write(`x-${n}: ${"y".repeat(10_000)}\r\n`);
        response.socket?.end("content-length: 2\r\n\r\nok");
        return;
      }
      case "/endless": {
        response.write("it starts");
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
  const listen = async (listener: net.Server): Promise<number> => {
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    return (listener.address() as net.AddressInfo).port;
  };
  return {
    port: await listen(server),
    rawPort: await listen(raw),
    rawConnections: () => rawConnections,
    requests,
    sentMax: () => sentMax,
    stop: async () => {
      server.closeAllConnections();
      await Promise.all(
        [server, raw].map((listener) => new Promise((resolve) => listener.close(resolve))),
      );
    },
  };
}
