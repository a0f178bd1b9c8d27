/**
 * Detects from outside that the runtime hangs. Open-source workerd has one thread and enforces no CPU limit,
 * so an endless loop in `isolate-v8` blocks everything in it, timers included. An exited runtime is not hung:
 * it refuses connections, and its exit is handled elsewhere.
 */

const checkEveryMs = 1_000;

export interface Watchdog {
  stop(): void;
}

/** Calls `onHung` once, when a request to `/healthz` is unanswered for `hungMs`. */
export function watchFor(url: string, hungMs: number, onHung: () => void): Watchdog {
  let isStopped = false;
  const watch = async (): Promise<void> => {
    while (!isStopped) {
      if ((await checkHealth(url, hungMs)) === "hung" && !isStopped) {
        onHung();
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, checkEveryMs).unref());
    }
  };
  void watch();
  return {
    stop: () => {
      isStopped = true;
    },
  };
}

async function checkHealth(url: string, hungMs: number): Promise<"ok" | "gone" | "hung"> {
  try {
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(hungMs) });
    await response.body?.cancel();
    return "ok";
  } catch (error) {
    return error instanceof Error && error.name === "TimeoutError" ? "hung" : "gone";
  }
}
