declare const sealed: unique symbol;

/**
 * The Loader as every other file has it: without a method. Its type is opened only in this file,
 * so that no other line can make a Worker that forgets where its network goes.
 */
export interface SealedLoader {
  readonly [sealed]: true;
}

/** The contents of a Dynamic Worker. Every field is required, so none can be forgotten. */
export interface DynamicWorkerCode {
  mainModule: string;
  modules: WorkerLoaderWorkerCode["modules"];
  /**
   * Where its network goes: nowhere, or to one Fetcher. It is required, because a Dynamic
   * Worker without it inherits the whole network, raw TCP included.
   */
  globalOutbound: Fetcher | null;
  limits: { cpuMs: number; subRequests: number } | null;
}

const compatibilityDate = "2026-10-01";

/**
 * The one place of the code base that makes Dynamic Workers. With an identity the Worker is
 * shared by all runs and the same identity must mean the same contents; without one it is
 * fresh and is gone after its stubs are disposed.
 */
export function dynamicWorker(
  loader: SealedLoader,
  identity: string | null,
  code: DynamicWorkerCode,
): WorkerStub {
  const workerCode = {
    compatibilityDate,
    compatibilityFlags: ["nodejs_compat"],
    mainModule: code.mainModule,
    modules: code.modules,
    globalOutbound: code.globalOutbound,
    ...(code.limits === null ? {} : { limits: code.limits }),
    env: {},
  };
  const workerLoader = loader as unknown as WorkerLoader;
  return identity === null
    ? workerLoader.load(workerCode)
    : workerLoader.get(identity, () => workerCode);
}
