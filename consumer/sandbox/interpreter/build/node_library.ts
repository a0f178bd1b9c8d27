import { execFileSync } from "node:child_process";
import path from "node:path";
import { transform } from "esbuild";

/** The modules of Node's own JavaScript that are compiled into the boot image, because most programs use them. */
export const imageModules = [
  "internal/per_context/primordials",
  "internal/errors",
  "internal/util",
  "internal/util/types",
  "internal/util/inspect",
  "internal/util/comparisons",
  "internal/assert",
  "internal/validators",
  "internal/constants",
  "internal/querystring",
  "internal/buffer",
  "internal/url",
  "internal/trace_events",
  "internal/util/debuglog",
  "internal/util/colors",
  "internal/events/symbols",
  "internal/events/abort_listener",
  "internal/event_target",
  "internal/webidl",
  "buffer",
  "events",
  "path",
  "querystring",
  "util",
  "util/types",
  "internal/data_url",
  "internal/mime",
  "internal/streams/utils",
  "internal/per_context/domexception",
] as const;

/** Modules that a program, or a module below one of these, loads when it asks for them. */
const lazyModules = [
  "assert",
  "assert/strict",
  "internal/abort_controller",
  "punycode",
  "readline",
  "readline/promises",
  "stream",
  "stream/consumers",
  "stream/promises",
  "stream/web",
  "string_decoder",
  "url",
  "path/posix",
  "path/win32",
  "internal/encoding",
  "internal/webstreams/adapters",
  "internal/webstreams/compression",
  "internal/webstreams/encoding",
  "internal/util/parse_args/parse_args",
  "internal/fixed_queue",
];

/** Modules of Node that use the process. The prelude replaces them with its own modules. */
export const replacedModules = [
  "async_hooks",
  "diagnostics_channel",
  "fs",
  "internal/async_context_frame",
  "internal/async_hooks",
  "internal/blob",
  "internal/bootstrap/realm",
  "internal/crypto/keys",
  "internal/crypto/random",
  "internal/errors/error_source",
  "internal/fs/glob",
  "internal/modules/helpers",
  "internal/options",
  "internal/perf/utils",
  "internal/process/execution",
  "internal/process/per_thread",
  "internal/process/task_queues",
  "internal/process/warning",
  "internal/repl/history",
  "internal/source_map/source_map_cache",
  "internal/timers",
  "internal/tty",
  "internal/util/inspector",
  "internal/v8/startup_snapshot",
  "internal/worker/io",
  "internal/worker/js_transferable",
  "timers",
  "vm",
  "zlib",
];

/**
 * What Node's JavaScript does differently here. Each text must be found, so that another version of Node
 * fails the build and not a program.
 */
const patches: Record<string, [from: string, to: string][]> = {
  // This symbol exists only in Node's native code.
  "internal/per_context/domexception": [
    ["const {\n  transfer_mode_private_symbol,\n} = privateSymbols;", ""],
    ["} = perIsolateSymbols;", "} = internalBinding('symbols');"],
    ["    self[transfer_mode_private_symbol] = kCloneable;\n", ""],
  ],
  // The engine's stacks lack the first line and contain frames of the prelude.
  "internal/util/inspect": [
    [
      "function getStackString(ctx, error) {",
      "function getStackString(ctx, error) {\n  return internalBinding('util').stackOf(error);",
    ],
  ],
};

const parameters = "exports,require,module,process,internalBinding,primordials";

export interface NodeLibrary {
  /** An object literal of functions, by module. */
  image: string;
  /** The source of a function, by module. */
  lazy: Record<string, string>;
}

/** Node's own JavaScript, from the Node that package.json pins. */
export async function nodeLibrary(root: string): Promise<NodeLibrary> {
  const script = "process.stdout.write(JSON.stringify(process.binding('natives')))";
  const node = path.join(root, "node_modules/.bin/node");
  const text = execFileSync(node, ["--no-deprecation", "-e", script], {
    encoding: "utf8",
    maxBuffer: 100_000_000,
  });
  const sources = JSON.parse(text) as Record<string, string>;
  const image: string[] = [];
  const lazy: Record<string, string> = {};
  for (const id of closure(sources)) {
    const code = await minifySource(patchSource(id, sources[id] ?? ""));
    const functionCode = `function(${parameters}){${code}\n}`;
    if ((imageModules as readonly string[]).includes(id))
      image.push(`${JSON.stringify(id)}:${functionCode}`);
    else lazy[id] = functionCode;
  }
  return { image: `{${image.join(",")}}`, lazy };
}

function closure(sources: Record<string, string>): Set<string> {
  const ids = new Set<string>();
  const pending: string[] = [...imageModules, ...lazyModules];
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    const source = sources[id];
    if (source === undefined || ids.has(id) || replacedModules.includes(id)) continue;
    ids.add(id);
    // A `require` below the top level may never run: its module is included if it is small and has no dependencies.
    for (const [, requiredId = ""] of source.matchAll(/require\('([^']+)'\)/g)) {
      if (
        /^internal\/(streams|webstreams|readline|util|assert|events|errors|encoding)\b|^(internal\/webidl|internal\/fixed_queue|internal\/file)$/.test(
          requiredId,
        )
      )
        pending.push(requiredId);
    }
  }
  return ids;
}

function patchSource(id: string, source: string): string {
  return (patches[id] ?? []).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`Node's ${id} has changed: "${from}" is not in it.`);
    return text.replace(from, () => to);
  }, source);
}

async function minifySource(source: string): Promise<string> {
  const result = await transform(`function module_(){${source}\n}`, {
    target: "es2023",
    minifyWhitespace: true,
    minifySyntax: false,
    legalComments: "none",
  });
  const start = result.code.indexOf("{") + 1;
  return result.code.slice(start, result.code.lastIndexOf("}"));
}
