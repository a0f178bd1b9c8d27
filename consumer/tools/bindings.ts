/**
 * What a tool may be given of the consumer's environment: the bindings and variables that it declares,
 * and nothing else. The fleet's own stores, queues and secrets cannot be declared.
 */
import type { WorkersAi } from "../models/transport/workers_ai.ts";
import type { Tool } from "./define.ts";

/**
 * The types of what tools may declare. A tool of your own adds its bindings here from custom.ts:
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

/** What belongs to the fleet: whoever held it could write past the fence, or read what no tool may. */
const fleetOwn =
  /^(DB|OBJECTS|TASKS|TASKS_LOW|WEBHOOKS|INBOX|INBOX_DLQ|GOVERNOR|LOADER|MAIL|SANDBOX|CONSUMER|PRODUCER|MODEL|WORKERS_AI|FALLBACK_MODELS|(SECRET|FLEET|MODEL)_.*)$/;

export const isFleetOwn = (name: string): boolean => fleetOwn.test(name);

/** The declared bindings, frozen. Those that are not set have their default, or are missing. */
export function bindingsOf(tool: Tool, env: object): Readonly<Partial<ToolBindings>> {
  const given: Record<string, unknown> = Object.create(null);
  for (const name of tool.bindings ?? []) given[name] = settingOf(tool, env, name);
  return Object.freeze(given);
}

/** Null when every declared binding is there, else a sentence that says which to set. */
export function missingBinding(tool: Tool, env: object): string | null {
  const missing = (tool.bindings ?? []).filter((name) => settingOf(tool, env, name) === undefined);
  if (missing.length === 0) return null;
  return `Bind ${missing.join(" and ")} in wrangler.consumer.toml: docs/tools.md shows how.`;
}

function settingOf(tool: Tool, env: object, name: BindingName): unknown {
  const value: unknown = Reflect.get(env, name);
  return value === undefined || value === "" ? tool.defaults?.[name] : value;
}

/**
 * Null when a tenant may use the tool, else why not. A binding belongs to no tenant, so a tool that has
 * one is for the tenant `default` unless TOOL_TENANTS, JSON of tool to tenants, says otherwise.
 */
export function tenantFault(tool: Tool, tenant: string, listed: string | undefined): string | null {
  if ((tool.bindings ?? []).length === 0) return null;
  const tenants = tenantsOf(tool.name, listed);
  if (tenants === null) return "TOOL_TENANTS is not JSON of tool name to a list of tenants.";
  return tenants.includes(tenant)
    ? null
    : `It is not for the tenant ${tenant}: list it for ${tool.name} in TOOL_TENANTS.`;
}

function tenantsOf(name: string, listed: string | undefined): readonly unknown[] | null {
  if (listed === undefined || listed === "") return ["default"];
  try {
    const table = JSON.parse(listed) as Record<string, unknown>;
    const tenants = Object.hasOwn(table, name) ? table[name] : ["default"];
    return Array.isArray(tenants) ? tenants : null;
  } catch {
    return null;
  }
}
