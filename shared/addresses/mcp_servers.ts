/** The MCP servers that tasks may name: MCP_SERVERS, JSON of name to server. */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { err, ok, type Result } from "../result.ts";
import { isRecord, parseJson } from "../text/json.ts";

const Effect = Type.Union([
  Type.Literal("read"),
  Type.Literal("idempotent"),
  Type.Literal("effect"),
]);

const Server = Type.Object(
  {
    /** Streamable HTTP. The task's policy must permit it, and adds its credential. */
    url: Type.String({ pattern: "^https?://" }),
    /** The tenants that may name it; `["default"]` when left out. */
    tenants: Type.Optional(Type.Array(Type.String())),
    /** The only tools that are offered, by the server's own names; all when left out. */
    tools: Type.Optional(Type.Array(Type.String())),
    /** The effect of a tool, by its name, where it is not `effect` below. The server's own hints are ignored. */
    effects: Type.Optional(Type.Record(Type.String(), Effect)),
    /** The effect of the tools that `effects` does not name. Default: "effect". */
    effect: Type.Optional(Effect),
  },
  { additionalProperties: false },
);
export type McpServer = Static<typeof Server>;

/** Two underscores separate a server's name from its tool's, so a name has no two in a row. */
const serverName = /^[a-z](?:_?[a-z0-9])*$/;
const nameCharsMax = 24;

/** Why MCP_SERVERS cannot be read, and who may see it. */
export interface McpServersFault {
  message: string;
  /** The tenants of the invalid server, who may see the message. */
  tenants: readonly string[];
  /** The tenants of all servers, who may see only that there is a fault. */
  others: readonly string[];
}

export type McpServers = Result<ReadonlyMap<string, McpServer>, McpServersFault>;

export function readServers(text: string | undefined): McpServers {
  if (text === undefined || text.trim() === "") return ok(new Map());
  const table = parseJson(text);
  const fault = (message: string, server?: unknown): McpServers =>
    err({
      message: `MCP_SERVERS: ${message}`,
      tenants: tenantsOf(server),
      others: isRecord(table) ? Object.values(table).flatMap(tenantsOf) : [],
    });
  if (table === undefined) return fault("it is not JSON.");
  if (!isRecord(table)) {
    return fault(
      'it must be JSON of name to server: {"docs": {"url": "https://mcp.example/mcp"}}.',
    );
  }
  const servers = new Map<string, McpServer>();
  for (const [name, server] of Object.entries(table)) {
    if (!serverName.test(name) || name.length > nameCharsMax) {
      return fault(
        `"${name.slice(0, nameCharsMax)}" is not a valid name: use up to ${nameCharsMax} lower-case letters, digits and single underscores.`,
        server,
      );
    }
    if (!Value.Check(Server, server)) {
      const [first] = Value.Errors(Server, server);
      return fault(`${name}${first?.path ?? ""}: ${first?.message ?? "not a server"}.`, server);
    }
    servers.set(name, server);
  }
  return ok(servers);
}

const operatorTenant = "default";
const defaultTenants: readonly string[] = [operatorTenant];

/** The tenants of a server that may be invalid. */
function tenantsOf(server: unknown): readonly string[] {
  const tenants = isRecord(server) ? server.tenants : undefined;
  return Array.isArray(tenants)
    ? tenants.filter((tenant) => typeof tenant === "string")
    : defaultTenants;
}

/**
 * The part of a fault that a tenant may see: the message if its own server is invalid, that there is a fault
 * if it has another server, else nothing. A server's name is visible only to its tenants and the operator,
 * whose tenant is `default`.
 */
export function visibleFault(servers: McpServers, tenant: string): string | null {
  if (servers.ok) return null;
  const { message, tenants, others } = servers.error;
  if (tenant === operatorTenant || tenants.includes(tenant)) return message;
  return others.includes(tenant)
    ? "MCP_SERVERS: it cannot be read, so no server may be named; the operator can see the reason."
    : null;
}

/** Whether a tool is offered, by the server's own name for it. */
export const isOffered = ({ tools }: McpServer, tool: string): boolean =>
  tools?.includes(tool) !== false;

/** The effect of a tool, which only the operator determines. */
export function effectOf(
  { effects = {}, effect = "effect" }: McpServer,
  tool: string,
): Static<typeof Effect> {
  return Object.hasOwn(effects, tool) ? (effects[tool] ?? effect) : effect;
}

/** The servers that a tenant's tasks may name. */
export function serversOf(servers: McpServers, tenant: string): ReadonlyMap<string, McpServer> {
  if (!servers.ok) return new Map();
  return new Map(
    [...servers.value].filter(([, { tenants = defaultTenants }]) => tenants.includes(tenant)),
  );
}
