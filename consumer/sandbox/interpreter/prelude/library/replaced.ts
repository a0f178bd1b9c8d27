import { op } from "../../protocol.ts";
import { ask } from "../bridge.ts";
import { globPattern } from "../node/fs/glob.ts";

type Exports = Record<string, unknown>;
type Callback = (...values: unknown[]) => unknown;
const global = globalThis as unknown as Record<string, Callback>;
const nothing = (): void => {};

/** Calls a global that is created only after Node's JavaScript is evaluated. */
const later =
  (name: string): Callback =>
  (...values) =>
    global[name]?.(...values);

class AsyncResource {
  runInAsyncScope(work: Callback, self: unknown, ...values: unknown[]): unknown {
    return work.apply(self, values);
  }
  bind(work: Callback): Callback {
    return work;
  }
  static bind(work: Callback): Callback {
    return work;
  }
  emitDestroy(): this {
    return this;
  }
  asyncId(): number {
    return 1;
  }
  triggerAsyncId(): number {
    return 0;
  }
}

const channel = {
  hasSubscribers: false,
  publish: nothing,
  subscribe: nothing,
  unsubscribe: nothing,
  runStores: (_context: unknown, work: Callback, self: unknown, ...values: unknown[]) =>
    work.apply(self, values),
};

const unavailable = (feature: string) => (): never => {
  throw new Error(`${feature} is not available in the sandbox.`);
};

/** Replacements for the parts of Node that use the process or the machine. */
export const replacedModules: Record<string, () => Exports> = {
  async_hooks: () => ({
    AsyncResource,
    AsyncLocalStorage: class AsyncLocalStorage {
      constructor() {
        unavailable("AsyncLocalStorage")();
      }
    },
  }),
  diagnostics_channel: () => ({
    channel: () => channel,
    tracingChannel: () => ({}),
    hasSubscribers: () => false,
  }),
  "internal/async_context_frame": () => ({ current: () => undefined, exchange: nothing }),
  "internal/async_hooks": () => ({
    symbols: {
      async_id_symbol: Symbol("async"),
      trigger_async_id_symbol: Symbol("trigger"),
      owner_symbol: Symbol("owner"),
    },
    defaultTriggerAsyncIdScope: (_id: unknown, work: Callback, ...values: unknown[]) =>
      work(...values),
    getDefaultTriggerAsyncId: () => 0,
    emitInit: nothing,
    enabledHooksExist: () => false,
  }),
  "internal/blob": () => ({
    isBlob: (value: unknown) => value instanceof (global.Blob as never),
    bloburls: new Map(),
    Blob: global.Blob,
  }),
  "internal/bootstrap/realm": () => ({
    BuiltinModule: { exists: () => false, isBuiltin: () => false },
  }),
  "internal/crypto/keys": () => ({ isKeyObject: () => false, isCryptoKey: () => false }),
  "internal/crypto/random": () => ({}),
  "internal/errors/error_source": () => ({
    getErrorSourceExpression({ stack }: { stack: string }) {
      const [, line, column] = /program\.js:(\d+):(\d+)/.exec(stack) ?? [];
      return line === undefined
        ? undefined
        : (ask(op.call_at, [Number(line), Number(column)]) ?? undefined);
    },
  }),
  "internal/fs/glob": () => ({
    matchGlobPattern: (path: string, pattern: string) => globPattern(pattern).test(path),
  }),
  "internal/modules/helpers": () => ({}),
  "internal/options": () => ({
    getOptionValue: (name: string) => (name === "--stack-trace-limit" ? 10 : undefined),
    getEmbedderOptions: () => ({}),
    refreshOptions: nothing,
  }),
  "internal/perf/utils": () => ({
    now: () => (global.performance as unknown as Performance | undefined)?.now() ?? 0,
    getTimeOriginTimestamp: () => 0,
    getMilestoneTimestamp: () => 0,
  }),
  "internal/process/execution": () => ({}),
  "internal/process/per_thread": () => ({ platform: "linux", toggleTraceCategoryState: nothing }),
  "internal/process/task_queues": () => ({
    queueMicrotask: later("queueMicrotask"),
    setupTaskQueue: nothing,
  }),
  "internal/process/warning": () => ({ emitWarning: nothing, emitWarningSync: nothing }),
  "internal/repl/history": () => ({
    ReplHistory: class {
      initialize(): void {}
      addHistory(line: unknown): unknown {
        return line;
      }
      get index(): number {
        return -1;
      }
    },
  }),
  "internal/source_map/source_map_cache": () => ({}),
  "internal/timers": () => ({ kTimeout: Symbol("timeout"), validateTimerDuration: Number }),
  "internal/tty": () => ({ getColorDepth: () => 1, hasColors: () => false }),
  "internal/util/inspector": () => ({}),
  "internal/v8/startup_snapshot": () => ({
    namespace: {
      isBuildingSnapshot: () => false,
      addSerializeCallback: nothing,
      addDeserializeCallback: nothing,
    },
    addAfterUserSerializeCallback: nothing,
    runDeserializeCallbacks: nothing,
    throwIfBuildingSnapshot: nothing,
  }),
  "internal/worker/io": () => ({ MessageChannel: global.MessageChannel }),
  "internal/worker/js_transferable": () => ({
    markTransferMode: nothing,
    setup: nothing,
    structuredClone: later("structuredClone"),
    kClone: Symbol("clone"),
    kDeserialize: Symbol("deserialize"),
    kTransfer: Symbol("transfer"),
    kTransferList: Symbol("transfer list"),
  }),
  timers: () => ({
    setTimeout: later("setTimeout"),
    clearTimeout: later("clearTimeout"),
    setInterval: later("setInterval"),
    clearInterval: later("clearInterval"),
    setImmediate: later("setImmediate"),
    clearImmediate: later("clearImmediate"),
  }),
  // Another realm, of which Node takes regular expressions that no program has changed. There is one realm here.
  vm: () => ({
    runInContext: unavailable("vm"),
    runInNewContext: () => global,
    isContext: () => false,
  }),
};
