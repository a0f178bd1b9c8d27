/**
 * Notices from outside that the runtime hangs. Open-source workerd has one thread and enforces no CPU
 * limit, so an endless loop in `isolate-v8` stops everything in it, timers included; nothing inside can
 * notice. A runtime that ended is not hung: it refuses connections, and its exit is seen elsewhere.
 */

const askEveryMs = 1_000;

export interface Watchdog {
  stop(): void;
}

/** Calls `onHung` once, when `/healthz` has left one request unanswered for `hungMs`. */
export function watchFor(url: string, hungMs: number, onHung: () => void): Watchdog {
  let stopped = false;
  const watch = async (): Promise<void> => {
    while (!stopped) {
      if ((await asked(url, hungMs)) === "silent" && !stopped) {
        onHung();
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, askEveryMs).unref());
    }
  };
  void watch();
  return {
    stop: () => {
      stopped = true;
    },
  };
}

async function asked(url: string, hungMs: number): Promise<"answered" | "gone" | "silent"> {
  try {
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(hungMs) });
    await response.body?.cancel();
    return "answered";
  } catch (error) {
    return error instanceof Error && error.name === "TimeoutError" ? "silent" : "gone";
  }
}
