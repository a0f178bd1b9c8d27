import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { McpConnection } from "../../../consumer/mcp/connection.ts";
import { remoteTools } from "../../../consumer/mcp/remote_tools.ts";
import { resultOf } from "../../../consumer/mcp/result.ts";
import { type RealServer, startEverything } from "../../mcp/real/processes.ts";

const folder = path.resolve(import.meta.dirname, "../../../node_modules");
let server: RealServer;
let connection: McpConnection;

beforeAll(async () => {
  server = await startEverything(folder);
  const at = { name: "all", url: server.url };
  connection = new McpConnection(at, server.transport, new AbortController().signal);
});
afterAll(async () => {
  await connection.close();
  await server.stop();
});

async function call(tool: string, args: Record<string, unknown>): Promise<string> {
  const called = await connection.call({ tool, effect: "read" }, args);
  return called.ok ? resultOf(called.value).text : called.error;
}

test("a real server's tools are all offered, each with its own arguments", async () => {
  const list = await connection.list();
  const listed = list.ok ? list.value : [];
  const tools = remoteTools("all", { url: server.url }, listed);
  expect(tools.length).toBe(listed.length);
  expect(tools.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["all__echo", "all__get_sum", "all__get_tiny_image"]),
  );
  expect(tools.find(({ tool }) => tool === "get-sum")?.schema).toMatchObject({
    properties: { a: { type: "number" }, b: { type: "number" } },
    required: ["a", "b"],
  });
});

test("a real server's text, picture, structured content and refusal are read", async () => {
  expect(await call("echo", { message: "nine reeds" })).toContain("nine reeds");
  expect(await call("get-sum", { a: 2, b: 3 })).toContain("5");
  expect(await call("get-tiny-image", {})).toContain("image/png left out");
  expect(await call("get-structured-content", { location: "Chicago" })).toContain("temperature");
  const refusal = await call("get-sum", { a: "two" });
  expect(refusal).toContain("Invalid");
  expect(refusal).not.toContain("cannot be used");
});

test("a real server that was restarted has forgotten the session, and the call is repeated in a new one", async () => {
  expect(await call("echo", { message: "before" })).toContain("before");
  await server.stop();
  server = await startEverything(folder, Number(new URL(server.url).port));
  expect(await call("echo", { message: "after" })).toContain("after");
});
