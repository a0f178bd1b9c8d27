/**
 * The overhead of the gateway: a Worker fetches the same upstream directly and through the gateway, alternating. The
 * clock inside a Worker does not advance while it computes, so a turn is many requests and is timed from outside;
 * the cost of calling the Worker is the same on both sides.
 */
import http from "node:http";
import type net from "node:net";
import { startWorker } from "./load.ts";
import { atMost, median, type Row } from "./row.ts";

const rounds = 40;
const requestsPerTurn = 50;
const body = JSON.stringify(
  Array.from({ length: 20 }, (_, id) => ({ id, customer: `customer ${id}`, total: id * 1.5 })),
);

export async function benchGatewayOverhead(stateDir: string, port: number): Promise<Row[]> {
  const upstream = http.createServer((_, response) => {
    response.setHeader("content-type", "application/json");
    response.end(body);
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(upstream.address() as net.AddressInfo).port}`;
  const worker = await startWorker("wrangler.gateway.toml", stateDir, port, (url) =>
    fetch(`${url}/direct?n=1&upstream=${address}`),
  );
  const turn = async (way: "direct" | "gateway"): Promise<number> => {
    const startedAt = performance.now();
    const answer = await fetch(`${worker.url}/${way}?n=${requestsPerTurn}&upstream=${address}`);
    const { bytes } = (await answer.json()) as { bytes: number };
    if (bytes !== requestsPerTurn * body.length) throw new Error("the bodies are incomplete");
    return (performance.now() - startedAt) / requestsPerTurn;
  };
  try {
    for (let warm = 0; warm < 3; warm++)
      for (const way of ["direct", "gateway"] as const) await turn(way);
    const [differences, directs, gateways]: number[][] = [[], [], []];
    for (let round = 0; round < rounds; round++) {
      const first = round % 2 === 0 ? "direct" : "gateway";
      const firstMs = await turn(first);
      const secondMs = await turn(first === "direct" ? "gateway" : "direct");
      const [direct, gateway] = first === "direct" ? [firstMs, secondMs] : [secondMs, firstMs];
      directs?.push(direct);
      gateways?.push(gateway);
      differences?.push(gateway - direct);
    }
    const [own, bare] = [median(gateways ?? []), median(directs ?? [])];
    console.log(`gateway ${own.toFixed(2)} ms, direct ${bare.toFixed(2)} ms per request (medians)`);
    return [
      atMost("overhead of the gateway, median ms per request", median(differences ?? []), 0.5),
    ];
  } finally {
    await worker.stop();
    upstream.closeAllConnections();
    await new Promise((resolve) => upstream.close(resolve));
  }
}
