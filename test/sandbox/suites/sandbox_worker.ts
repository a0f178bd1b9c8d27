/** The sandbox behind HTTP, in a runtime of its own, for programs that a script sends. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { build } from "esbuild";

const root = path.resolve(import.meta.dirname, "../../..");
const worker = `
import { isolateEngine } from "./consumer/sandbox/isolate.ts";
import { sandboxLimits } from "./shared/limits.ts";
const limits = { fuel: 2_000_000_000, memoryBytes: sandboxLimits.memoryBytesMax, wallMs: 60_000, logBytes: 10_000_000, valueBytes: 1_000_000 };
const closed = {
  fetch: async ({ url }) => ({ url, status: 403, statusText: "", headers: [], body: new Uint8Array() }),
  call: async () => ({ ok: false, message: "no tools" }),
};
export default { async fetch(request, env) {
  const { code, files, fuel } = await request.json();
  const bytes = new Map(Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)]));
  const program = { code, files: bytes, readOnly: null, tools: [] };
  const { logs, value, error, usage } = await isolateEngine(env.LOADER).run(program, closed, { ...limits, fuel: fuel ?? limits.fuel }, new AbortController().signal);
  return Response.json({ logs, value, error, fuel: usage.fuel });
} };`;

export interface Outcome {
  logs: string;
  value: string | null;
  error: { name: string; message: string; stack: string } | null;
  fuel: number;
}

export interface Sandbox {
  /** `fuel`: more than a program usually has, where it is left out. */
  run(code: string, files?: Record<string, string>, fuel?: number): Promise<Outcome>;
  stop(): Promise<void>;
}

/** Starts it on the interpreter that was built last. */
export async function startSandbox(): Promise<Sandbox> {
  const bundle = await build({
    stdin: { contents: worker, resolveDir: root, loader: "ts" },
    bundle: true,
    format: "esm",
    target: "es2024",
    write: false,
    external: ["cloudflare:workers", "node:*"],
    plugins: [
      {
        name: "interpreter",
        setup: (bundler) => {
          bundler.onResolve(
            { filter: /interpreter\.(guest\.js|wasm|image\.bin)$/ },
            ({ path: file }) => ({
              path: path.basename(file),
              external: true,
            }),
          );
        },
      },
    ],
  });
  const require = createRequire(path.join(root, "node_modules/wrangler/package.json"));
  const { Miniflare, convertV4MiniflareOptions } = require("miniflare");
  const built = (name: string): Buffer => readFileSync(path.join(root, ".build/interpreter", name));
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      compatibilityDate: "2026-10-01",
      compatibilityFlags: ["nodejs_compat"],
      workerLoaders: { LOADER: {} },
      modules: [
        { type: "ESModule", path: "index.js", contents: bundle.outputFiles[0]?.text },
        {
          type: "Text",
          path: "interpreter.guest.js",
          contents: built("interpreter.guest.js").toString(),
        },
        { type: "Data", path: "interpreter.image.bin", contents: built("interpreter.image.bin") },
        { type: "CompiledWasm", path: "interpreter.wasm", contents: built("interpreter.wasm") },
      ],
    }),
  );
  return {
    async run(code, files = {}, fuel = undefined) {
      const body = JSON.stringify({ code, files, fuel });
      const send = (): Promise<Response> =>
        runtime.dispatchFetch("http://sandbox/", { method: "POST", body });
      // The runtime closes a connection that was idle while Node ran: then a new one is opened, once.
      const response = await send().catch(send);
      return (await response.json()) as Outcome;
    },
    stop: () => runtime.dispose(),
  };
}
