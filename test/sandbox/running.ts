import { env } from "cloudflare:workers";
import type { Capabilities, Engine, RunLimits, RunOutcome } from "../../consumer/sandbox/engine.ts";
import { isolateEngine } from "../../consumer/sandbox/isolate.ts";
import { sandboxLimits } from "../../shared/limits.ts";

/** The limits of every test run that names no others. */
export const limits: RunLimits = {
  fuel: sandboxLimits.fuelMax,
  memoryBytes: sandboxLimits.memoryBytesMax,
  wallMs: 10_000,
  logBytes: sandboxLimits.logBytesMax,
  valueBytes: sandboxLimits.valueBytesMax,
};

/** Capabilities that refuse everything, as a task without tools and policy has them. */
export const nothing: Capabilities = {
  fetch: async (request) => ({
    url: request.url,
    status: 403,
    statusText: "Forbidden",
    headers: [["content-type", "application/json"]],
    body: new TextEncoder().encode('{"error":{"code":"egress_denied"}}'),
  }),
  call: async (tool) => ({ ok: false, message: `There is no tool named ${tool}.` }),
};

export interface RunOptions {
  files?: Record<string, string | Uint8Array>;
  readOnly?: string;
  tools?: string[];
  capabilities?: Partial<Capabilities>;
  limits?: Partial<RunLimits>;
  engine?: Engine;
  signal?: AbortSignal;
}

/** Runs a program in the default engine. */
export async function run(code: string, options: RunOptions = {}): Promise<RunOutcome> {
  const files = new Map(
    Object.entries(options.files ?? {}).map(([path, content]) => [
      path,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    ]),
  );
  const engine = options.engine ?? isolateEngine(env.LOADER);
  return engine.run(
    { code, files, readOnly: options.readOnly ?? null, tools: options.tools ?? [] },
    { ...nothing, ...options.capabilities },
    { ...limits, ...options.limits },
    options.signal ?? new AbortController().signal,
  );
}
