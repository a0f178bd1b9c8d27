/**
 * What a task brings beside the catalog: the tools of MCP servers, and skills. Both are looked up once and
 * pinned with the first reply, so that the model sees the same bytes in every slice, whatever a server or
 * an upload says later.
 */
import { type Failure, failure } from "../../shared/failures.ts";
import { getText, objectKeys, putOnce, sha256Hex } from "../../shared/objects.ts";
import type { Step } from "../../shared/step.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import type { DurableTask } from "../../shared/task.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { McpConnection, type McpTransport } from "../mcp/connection.ts";
import { faultTold, type McpServer, readServers, serversOf } from "../mcp/servers.ts";
import { callable, listed, type PinnedServer } from "../mcp/tools.ts";
import { findSkills, type PinnedSkill } from "../skills/find.ts";
import type { Tool } from "../tools/define.ts";

interface Pinned {
  servers: PinnedServer[];
  skills: PinnedSkill[];
}

export interface PinnedTools {
  tools: Tool[];
  skills: PinnedSkill[];
  /** The hash under which they stand in R2; undefined for a task that has none. */
  pin: string | undefined;
  close(): Promise<void>;
}

export type ExtrasAnswer = { ok: true; extras: PinnedTools } | { ok: false; failure: Failure };

const none: PinnedTools = { tools: [], skills: [], pin: undefined, close: async () => undefined };

/** Rejects only when a store fails. A name that is not configured fails the task; a server that is down does not. */
export async function loadPinnedTools(
  fleet: ConsumerConfig,
  task: TaskRow,
  spec: DurableTask,
  steps: readonly Step[],
  at: { ways: McpTransport; signal: AbortSignal },
): Promise<ExtrasAnswer> {
  const { mcp = [], skills = [] } = spec;
  if (mcp.length + skills.length === 0) return { ok: true, extras: none };
  const servers = serversFor(fleet, task.tenant, mcp);
  if (!servers.ok) return servers;
  const connections = new Map(
    [...servers.found].map(([name, { url }]) => [
      name,
      new McpConnection({ name, url }, at.ways, at.signal),
    ]),
  );
  const known = await pinned(fleet, task, steps);
  const fresh = known ?? (await looked(fleet, task, spec, servers.found, connections));
  if (!fresh.ok) return fresh;
  const tools = fresh.value.servers.flatMap((listing) => {
    const server = servers.found.get(listing.name);
    const connection = connections.get(listing.name);
    return server === undefined || connection === undefined
      ? []
      : callable(listing, server, connection);
  });
  return {
    ok: true,
    extras: {
      tools,
      skills: fresh.value.skills,
      pin: fresh.pin,
      close: async () => {
        await Promise.all([...connections.values()].map((connection) => connection.close()));
      },
    },
  };
}

type Looked = { ok: true; value: Pinned; pin: string } | { ok: false; failure: Failure };

/** What the first reply was given, if there was one. */
async function pinned(
  fleet: ConsumerConfig,
  task: TaskRow,
  steps: readonly Step[],
): Promise<Looked | null> {
  const pin = steps
    .map(({ payload }) => (payload.kind === "model" ? payload.extras : undefined))
    .find((hash) => hash !== undefined);
  if (pin === undefined) return null;
  const text = await getText(fleet.env.OBJECTS, objectKeys.blob(task.tenant, task.id, pin));
  return text === null ? null : { ok: true, value: JSON.parse(text) as Pinned, pin };
}

async function looked(
  fleet: ConsumerConfig,
  task: TaskRow,
  spec: DurableTask,
  servers: ReadonlyMap<string, McpServer>,
  connections: ReadonlyMap<string, McpConnection>,
): Promise<Looked> {
  const skills = await findSkills(fleet.env.OBJECTS, task.tenant, spec.skills ?? []);
  if (!skills.ok) return { ok: false, failure: failure("tool_unconfigured", skills.message) };
  const answers: PinnedServer[] = [];
  for (const [name, server] of servers) {
    const connection = connections.get(name);
    if (connection !== undefined) answers.push(await listed(name, server, connection));
  }
  const value = { servers: answers, skills: skills.skills };
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const pin = await sha256Hex(bytes);
  const key = objectKeys.blob(task.tenant, task.id, pin);
  await putOnce(fleet.env.OBJECTS, key, bytes, "application/json");
  return { ok: true, value, pin };
}

function serversFor(
  fleet: ConsumerConfig,
  tenant: string,
  names: readonly string[],
): { ok: true; found: Map<string, McpServer> } | { ok: false; failure: Failure } {
  const all = readServers(fleet.env.MCP_SERVERS);
  const offered = serversOf(all, tenant);
  const found = new Map<string, McpServer>();
  for (const name of names) {
    const server = offered.get(name);
    if (server === undefined) {
      const why = faultTold(all, tenant) ?? "List it in MCP_SERVERS, for this tenant.";
      const message = `The MCP server ${name} is not configured here. ${why}`;
      return { ok: false, failure: failure("tool_unconfigured", message) };
    }
    found.set(name, server);
  }
  return { ok: true, found };
}
