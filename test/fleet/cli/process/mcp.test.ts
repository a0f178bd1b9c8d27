/** `fleet mcp` as an agent starts it: the official client over standard input and output. */
import path from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { expect, test } from "vitest";
import manifest from "../../../../package.json" with { type: "json" };
import { batchWith, fakeFleet } from "../fake_fleet.ts";

test("`fleet mcp` serves the fleet's tools over standard input and output", async () => {
  const { url, received } = await fakeFleet({
    "GET /v1/batches/batch_1": { body: batchWith({ succeeded: 2 }, "finished") },
  });
  const client = new Client({ name: "agent", version: "1" });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [path.resolve(manifest.bin.fleet), "mcp"],
    env: { PATH: process.env.PATH ?? "", FLEET_URL: url, FLEET_API_KEY: "secret-key" },
  });
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toContain("submit_batch");
  const result = await client.callTool({ name: "wait", arguments: { id: "batch_1" } });
  const [part] = result.content as { text: string }[];
  expect(JSON.parse(part?.text ?? "")).toMatchObject({ finished: true, counts: { succeeded: 2 } });
  expect(received[0]?.headers.authorization).toBe("Bearer secret-key");
  await client.close();
});
