/**
 * What a task adds to the catalog: the tools of MCP servers, and skills. Both are looked up once and pinned
 * with the first reply, so that the model sees the same bytes in every slice, even when a server or an upload
 * changes later.
 */

import {
  type McpServer,
  readServers,
  serversOf,
  visibleFault,
} from "../../shared/addresses/mcp_servers.ts";
import { getText, objectKeys, putOnce, sha256Hex } from "../../shared/files/objects.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import { type Failure, failure } from "../../shared/task/failures.ts";
import type { Step } from "../../shared/task/step.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import type { ConsumerConfig } from "../config/config.ts";
import type { ConsumerEnv } from "../config/env.ts";
import { McpConnection, type McpTransport } from "../mcp/connection.ts";
import { listServerTools, type PinnedServer, toolsOfServer } from "../mcp/tools.ts";
import { findSkills, type PinnedSkill } from "../skills/find.ts";
import type { Tool } from "../tools/define.ts";

/** What is stored in R2 under `hash`. */
interface Pin {
  hash: string;
  servers: PinnedServer[];
  skills: PinnedSkill[];
}

export interface PinnedTools {
  tools: Tool[];
  skills: PinnedSkill[];
  /** The hash under which the pin is stored in R2; undefined for a task without one. */
  pin: string | undefined;
  close(): Promise<void>;
}

interface ConnectedServer {
  name: string;
  server: McpServer;
  connection: McpConnection;
}

const none: PinnedTools = { tools: [], skills: [], pin: undefined, close: async () => undefined };

/** Rejects only when a store fails. A name that is not configured fails the task; a server that is down does not. */
export async function loadPinnedTools(
  { env }: ConsumerConfig,
  task: TaskRow,
  spec: DurableTask,
  steps: readonly Step[],
  { gateway, signal }: { gateway: McpTransport; signal: AbortSignal },
): Promise<Result<PinnedTools, Failure>> {
  const { mcp = [], skills = [] } = spec;
  if (mcp.length + skills.length === 0) return ok(none);
  const servers = findServers(env, task.tenant, mcp);
  if (!servers.ok) return servers;
  const connectedServers = servers.value.map(({ name, server }) => {
    return {
      name,
      server,
      connection: new McpConnection({ name, url: server.url }, gateway, signal),
    };
  });
  const storedPin = await readPin(env, task, steps);
  const pin =
    storedPin === null ? await createPin(env, task, spec, connectedServers) : ok(storedPin);
  if (!pin.ok) return pin;
  const tools = pin.value.servers.flatMap((listing) => {
    const connectedServer = connectedServers.find(({ name }) => name === listing.name);
    return connectedServer === undefined
      ? []
      : toolsOfServer(listing, connectedServer.server, connectedServer.connection);
  });
  return ok({
    tools,
    skills: pin.value.skills,
    pin: pin.value.hash,
    close: async () => {
      await Promise.all(connectedServers.map(({ connection }) => connection.close()));
    },
  });
}

/** The pin of the first reply; null before it. */
async function readPin(
  env: ConsumerEnv,
  task: TaskRow,
  steps: readonly Step[],
): Promise<Pin | null> {
  const hash = steps
    .map(({ payload }) => (payload.kind === "model" ? payload.extras : undefined))
    .find((pin) => pin !== undefined);
  if (hash === undefined) return null;
  const text = await getText(env.OBJECTS, objectKeys.blob(task.tenant, task.id, hash));
  return text === null ? null : { hash, ...(JSON.parse(text) as Omit<Pin, "hash">) };
}

async function createPin(
  env: ConsumerEnv,
  task: TaskRow,
  spec: DurableTask,
  connectedServers: readonly ConnectedServer[],
): Promise<Result<Pin, Failure>> {
  const skills = await findSkills(env.OBJECTS, task.tenant, spec.skills ?? []);
  if (!skills.ok) return err(failure("tool_unconfigured", skills.error));
  const servers: PinnedServer[] = [];
  for (const { name, server, connection } of connectedServers)
    servers.push(await listServerTools(name, server, connection));
  const pinned = { servers, skills: skills.value };
  const bytes = new TextEncoder().encode(JSON.stringify(pinned));
  const hash = await sha256Hex(bytes);
  const key = objectKeys.blob(task.tenant, task.id, hash);
  await putOnce(env.OBJECTS, key, bytes, "application/json");
  return ok({ hash, ...pinned });
}

function findServers(
  env: ConsumerEnv,
  tenant: string,
  names: readonly string[],
): Result<{ name: string; server: McpServer }[], Failure> {
  const allServers = readServers(env.MCP_SERVERS);
  const offeredServers = serversOf(allServers, tenant);
  const missing = [];
  for (const name of names) {
    const server = offeredServers.get(name);
    if (server === undefined) {
      const cause = visibleFault(allServers, tenant) ?? "List it in MCP_SERVERS, for this tenant.";
      const message = `The MCP server ${name} is not configured here. ${cause}`;
      return err(failure("tool_unconfigured", message));
    }
    missing.push({ name, server });
  }
  return ok(missing);
}
