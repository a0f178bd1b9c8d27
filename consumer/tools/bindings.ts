/**
 * What a tool may be given of the consumer's environment: the bindings and variables that it declares, and
 * nothing else. The fleet's own stores, queues and secrets cannot be declared.
 */
import { err, ok, type Result } from "../../shared/result.ts";
import type { WorkersAi } from "../models/transport/workers_ai.ts";

/**
 * The types of what tools may declare. A tool of your own adds its bindings from custom.ts:
 * `declare module "./bindings.ts" { interface ToolBindings { DB_REPORTS: D1Database } }`.
 */
export interface ToolBindings {
  AI: WorkersAi;
  BROWSER: Pick<BrowserRun, "quickAction">;
  QUERY_DB: Pick<D1Database, "prepare">;
  VECTORS: Pick<Vectorize, "query">;
  VECTORS_MODEL: string;
  EMAIL: Pick<SendEmail, "send">;
  EMAIL_FROM: string;
  EMAIL_TO: string;
  IMAGE_MODEL: string;
  BASH_TOOL: string;
}
export type BindingName = keyof ToolBindings & string;

/** Bindings with which a tool could write past the fence or read what no tool may read. */
const reservedNames =
  /^(DB|OBJECTS|TASKS|TASKS_LOW|WEBHOOKS|INBOX|INBOX_DLQ|GOVERNOR|LOADER|MAIL|SANDBOX|CONSUMER|PRODUCER|MODEL|WORKERS_AI|FALLBACK_MODELS|(SECRET|FLEET|MODEL)_.*)$/;

export const isReservedBinding = (name: string): boolean => reservedNames.test(name);

/** What the bindings of a tool depend on. */
interface BoundTool {
  name: string;
  bindings?: readonly BindingName[] | undefined;
  defaults?: Readonly<Partial<ToolBindings>> | undefined;
}

/** The declared bindings, frozen. One that is not set has its default or is undefined. */
export function bindingsOf(tool: BoundTool, env: object): Readonly<Partial<ToolBindings>> {
  const bindings: Record<string, unknown> = Object.create(null);
  for (const name of tool.bindings ?? []) bindings[name] = readBinding(tool, env, name);
  return Object.freeze(bindings);
}

/** Whether every declared binding is set. The error says which one to set. */
export function checkBindings(tool: BoundTool, env: object): Result<void, string> {
  const missing = (tool.bindings ?? []).filter(
    (name) => readBinding(tool, env, name) === undefined,
  );
  if (missing.length === 0) return ok(undefined);
  return err(`Bind ${missing.join(" and ")} in wrangler.consumer.toml: docs/tools.md shows how.`);
}

function readBinding(tool: BoundTool, env: object, name: BindingName): unknown {
  const value: unknown = Reflect.get(env, name);
  return value === undefined || value === "" ? tool.defaults?.[name] : value;
}

/**
 * Whether the tenant may use the tool. A binding belongs to no tenant, so a tool with bindings is only for
 * the tenant `default` unless TOOL_TENANTS, JSON of tool name to tenants, lists others.
 */
export function checkTenant(
  tool: BoundTool,
  tenant: string,
  toolTenants: string | undefined,
): Result<void, string> {
  if ((tool.bindings ?? []).length === 0) return ok(undefined);
  const tenants = readTenants(tool.name, toolTenants);
  if (tenants === null) return err("TOOL_TENANTS is not JSON of tool name to a list of tenants.");
  return tenants.includes(tenant)
    ? ok(undefined)
    : err(`The tenant ${tenant} may not use it: list it for ${tool.name} in TOOL_TENANTS.`);
}

function readTenants(name: string, toolTenants: string | undefined): readonly unknown[] | null {
  if (toolTenants === undefined || toolTenants === "") return ["default"];
  try {
    const table = JSON.parse(toolTenants) as Record<string, unknown>;
    const tenants = Object.hasOwn(table, name) ? table[name] : ["default"];
    return Array.isArray(tenants) ? tenants : null;
  } catch {
    return null;
  }
}
