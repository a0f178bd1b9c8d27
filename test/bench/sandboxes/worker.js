// Runs one program many times in the sandbox of the path, one run after the other. It is JavaScript, because only the
// benchmark installs its imports, whose types the product does not know.

import { DurableObject } from "cloudflare:workers";
import { DynamicWorkerExecutor } from "@cloudflare/codemode";
import { getWorkspace, withWorkspace } from "@cloudflare/computer";
import { WorkerJavaScriptBackend } from "@cloudflare/computer/backends/worker-javascript";
import { isolateEngine } from "../../../consumer/sandbox/isolate.ts";
import { sandboxLimits } from "../../../shared/limits.ts";

export class Computer extends withWorkspace(class extends DurableObject {}, (self) => ({
  storage: self.ctx.storage,
  backends: [new WorkerJavaScriptBackend({ id: "javascript", loader: self.env.LOADER })],
})) {}

const limits = {
  fuel: sandboxLimits.fuelMax,
  memoryBytes: sandboxLimits.memoryBytesMax,
  wallMs: sandboxLimits.wallMsMax,
  logBytes: sandboxLimits.logBytesMax,
  valueBytes: sandboxLimits.valueBytesMax,
};
const closed = {
  fetch: () => Promise.reject(new Error("no network")),
  call: async () => ({ ok: false, message: "no tools" }),
};

async function isolate(env, code) {
  const program = { code, files: new Map(), tools: [] };
  const signal = new AbortController().signal;
  const { value, error, usage } = await isolateEngine(env.LOADER).run(
    program,
    closed,
    limits,
    signal,
  );
  return { value: error === null ? value : error.kind, fuel: usage.fuel };
}

const sides = {
  isolate,
  async codemode(env, code) {
    const executor = new DynamicWorkerExecutor({ loader: env.LOADER });
    const { result, error } = await executor.execute(`async () => ${code}`, {});
    if (error) throw new Error(error);
    return { value: String(result) };
  },
  async computer(env, code) {
    using workspace = await getWorkspace(env.COMPUTER.get(env.COMPUTER.idFromName("one")));
    using run = await workspace.runtime.exec(`export default async () => ${code};`, {
      backend: "javascript",
      encoding: "utf8",
    });
    const { value, exitCode, stderr } = await run.result();
    if (exitCode !== 0 && exitCode !== undefined) throw new Error(stderr);
    return { value: String(value) };
  },
};

export default {
  /** `POST /<side>?n=100` with the program; `&at=once` starts all runs together. */
  async fetch(request, env) {
    const url = new URL(request.url);
    const side = sides[url.pathname.slice(1)];
    if (side === undefined) return new Response("ready");
    const code = await request.text();
    const count = Number(url.searchParams.get("n"));
    const outcomes = new Set();
    const one = async () => outcomes.add(JSON.stringify(await side(env, code)));
    if (url.searchParams.get("at") === "once") {
      await Promise.all(Array.from({ length: count }, one));
    } else for (let n = 0; n < count; n++) await one();
    // Every run of one program must come to the same, the fuel included.
    return Response.json([...outcomes].map((text) => JSON.parse(text)));
  },
};
