/** Which MCP servers tasks may name: MCP_SERVERS, JSON of name to server. What cannot be read names none. */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

const strict = { additionalProperties: false } as const;
const Effect = Type.Union([
  Type.Literal("read"),
  Type.Literal("idempotent"),
  Type.Literal("effect"),
]);

const Server = Type.Object(
  {
    /** Streamable HTTP. The task's policy must permit it, and adds its credential. */
    url: Type.String({ pattern: "^https?://" }),
    /** Who may name it; `["default"]` when left out. */
    tenants: Type.Optional(Type.Array(Type.String())),
    /** The only tools that are offered, by the server's own names; all when left out. */
    tools: Type.Optional(Type.Array(Type.String())),
    /** What a tool does, by its name, where it is not the `effect` below. The server's own word is not taken for it. */
    effects: Type.Optional(Type.Record(Type.String(), Effect)),
    /** What the others do; `effect` when left out. */
    effect: Type.Optional(Effect),
  },
  strict,
);
export type McpServer = Static<typeof Server>;

/** Two underscores part a server's name from its tool's, so none may stand inside. */
const serverName = /^[a-z](?:_?[a-z0-9])*$/;
const nameCharsMax = 24;

export type McpServers =
  | { ok: true; servers: ReadonlyMap<string, McpServer> }
  /** `tenants` are those whose tasks could name the server that cannot be read, `others` those who have another. */
  | { ok: false; message: string; tenants: readonly string[]; others: readonly string[] };

export function readServers(text: string | undefined): McpServers {
  if (text === undefined || text.trim() === "") return { ok: true, servers: new Map() };
  const fault = (message: string, server?: unknown): McpServers => ({
    ok: false,
    message: `MCP_SERVERS: ${message}`,
    tenants: saidTenants(server),
    others: isTable(table) ? Object.values(table).flatMap(saidTenants) : [],
  });
  let table: unknown;
  try {
    table = JSON.parse(text);
  } catch {
    return fault("it is not JSON.");
  }
  if (!isTable(table)) {
    return fault(
      'it must be JSON of name to server: {"docs": {"url": "https://mcp.example/mcp"}}.',
    );
  }
  const servers = new Map<string, McpServer>();
  for (const [name, server] of Object.entries(table)) {
    if (!serverName.test(name) || name.length > nameCharsMax) {
      return fault(
        `"${name.slice(0, nameCharsMax)}" is no name: up to ${nameCharsMax} lower case letters, digits and single underscores.`,
        server,
      );
    }
    if (!Value.Check(Server, server)) {
      const [first] = Value.Errors(Server, server);
      return fault(`${name}${first?.path ?? ""}: ${first?.message ?? "is no server"}.`, server);
    }
    servers.set(name, server);
  }
  return { ok: true, servers };
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const operator = "default";
const defaultTenants: readonly string[] = [operator];

/** Whose a server is, as far as that can be read. */
function saidTenants(server: unknown): readonly string[] {
  const said = isTable(server) ? server.tenants : undefined;
  return Array.isArray(said) ? said.filter((one) => typeof one === "string") : defaultTenants;
}

/**
 * What a tenant is told of a table that cannot be read: all of it where its own server is at fault, that
 * there is a fault where it has another server, and nothing where it has none. A server's name is its
 * tenants' alone, and the operator's, whose tenant is `default`.
 */
export function faultTold(all: McpServers, tenant: string): string | null {
  if (all.ok) return null;
  if (tenant === operator || all.tenants.includes(tenant)) return all.message;
  return all.others.includes(tenant)
    ? "MCP_SERVERS: it cannot be read, so no server may be named; whoever runs the fleet is told why."
    : null;
}

/** Whether a tool may be called, by the server's own name of it. */
export const offers = ({ tools }: McpServer, tool: string): boolean =>
  tools?.includes(tool) !== false;

/** What a tool does: the operator's word alone. */
export function effectOf(
  { effects = {}, effect = "effect" }: McpServer,
  tool: string,
): Static<typeof Effect> {
  return Object.hasOwn(effects, tool) ? (effects[tool] ?? effect) : effect;
}

/** Those that a tenant's tasks may name. */
export function serversOf(all: McpServers, tenant: string): ReadonlyMap<string, McpServer> {
  if (!all.ok) return new Map();
  return new Map(
    [...all.servers].filter(([, { tenants = defaultTenants }]) => tenants.includes(tenant)),
  );
}
