/** Each bound of MCP servers at its last accepted value and at the next one. */
import { expect, test } from "vitest";
import { McpConnection } from "../../consumer/mcp/connection.ts";
import { remoteTools } from "../../consumer/mcp/remote_tools.ts";
import { resultOf } from "../../consumer/mcp/result.ts";
import { readServers } from "../../shared/addresses/mcp_servers.ts";
import { mcpLimits } from "../../shared/limits.ts";

const server = { url: "https://mcp.example/mcp" };
const x = (length: number): string => "x".repeat(length);
const toolNamed = (name: string, overrides: object = {}) =>
  remoteTools("s", server, [{ name, ...overrides }])[0];

/** The length of the tool list of a server with so many pages of so many tools. */
async function countListed(pages: number, toolsPerPage: number): Promise<number> {
  let page = 0;
  const fetchEffectFree = async ({ body }: { body: Uint8Array | null }) => {
    const { id, method } = JSON.parse(new TextDecoder().decode(body ?? undefined)) as {
      id?: number;
      method: string;
    };
    const results: Record<string, object> = {
      initialize: {
        ...{ protocolVersion: "2025-03-26", capabilities: {} },
        serverInfo: { name: "s", version: "1" },
      },
    };
    if (method === "tools/list") page += 1;
    const tools = Array.from({ length: toolsPerPage }, (_, n) => ({
      name: `t${n}`,
      inputSchema: { type: "object" },
    }));
    const next = page < pages ? { nextCursor: String(page) } : {};
    const result = results[method] ?? { tools, ...next };
    const text = id === undefined ? "" : JSON.stringify({ jsonrpc: "2.0", id, result });
    return {
      status: id === undefined ? 202 : 200,
      statusText: "",
      headers: [["content-type", "application/json"]] as [string, string][],
      body: new TextEncoder().encode(text),
    };
  };
  const transport = { fetchEffectFree, fetch: fetchEffectFree } as never;
  const signal = new AbortController().signal;
  const connection = new McpConnection({ name: "s", ...server }, transport, signal);
  const list = await connection.list();
  await connection.close();
  return list.ok ? list.value.length : -1;
}

async function errorLength(chars: number): Promise<number> {
  const fetchEffectFree = () => Promise.reject(new Error(x(chars)));
  const transport = { fetchEffectFree, fetch: fetchEffectFree } as never;
  const signal = new AbortController().signal;
  const connection = new McpConnection({ name: "s", ...server }, transport, signal);
  const list = await connection.list();
  return list.ok ? -1 : list.error.replace(/[^x]/g, "").length;
}

const schemaOf = (chars: number) => {
  const schema = { type: "object", title: "" };
  return { ...schema, title: x(chars - JSON.stringify(schema).length) };
};

test.each<[string, number, (n: number) => boolean | Promise<boolean>]>([
  [
    "the characters of a server's name",
    24,
    (n) => readServers(JSON.stringify({ [x(n)]: server })).ok,
  ],
  [
    "the characters of a tool's own name",
    mcpLimits.nameCharsMax,
    (n) => toolNamed(x(n)) !== undefined,
  ],
  [
    "the characters of a shown name",
    mcpLimits.shownNameCharsMax,
    (n) => toolNamed(x(n - 3))?.name.length === n,
  ],
  [
    "the tools of a server",
    mcpLimits.toolsPerServerMax,
    (n) =>
      remoteTools(
        "s",
        server,
        Array.from({ length: n }, (_, index) => ({ name: `t${index}` })),
      ).length === n,
  ],
  [
    "the characters of a description",
    mcpLimits.descriptionCharsMax,
    (n) => toolNamed("t", { description: x(n) })?.description.endsWith("x") === true,
  ],
  [
    "the characters of a field's description",
    mcpLimits.fieldCharsMax,
    (n) =>
      JSON.stringify(
        toolNamed("t", { inputSchema: { type: "object", description: x(n) } }),
      ).includes(x(n)),
  ],
  [
    "the characters of a schema",
    mcpLimits.schemaCharsMax,
    (n) => toolNamed("t", { inputSchema: schemaOf(n) })?.schema.title !== undefined,
  ],
  [
    "the parts of a result",
    mcpLimits.partsMax,
    (n) =>
      resultOf({ content: Array(n).fill({ type: "text", text: "a" }) }).text.length === 2 * n - 1,
  ],
  [
    "the characters that name a left-out part",
    mcpLimits.fieldCharsMax,
    (n) => resultOf({ content: [{ type: x(n) }] }).text.includes(x(n)),
  ],
  ["the pages of a tool list", mcpLimits.pagesMax, async (n) => (await countListed(n, 1)) === n],
  ["the tools of a tool list", mcpLimits.listedMax, async (n) => (await countListed(1, n)) === n],
  [
    "the characters of an error",
    mcpLimits.errorCharsMax,
    async (n) => (await errorLength(n)) === n,
  ],
])("the bound on %s is exact", async (_name, max, isAccepted) => {
  expect([await isAccepted(max), await isAccepted(max + 1)]).toEqual([true, false]);
});
