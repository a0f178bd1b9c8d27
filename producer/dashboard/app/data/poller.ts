/** Repeats one call while the tab is visible; the delay grows while nothing changes. */
import { type CallError, type CallResult, retryAfterOf } from "./api.ts";
import { nextDelayMs } from "./poll_delay.ts";
import { cacheResponse } from "./response_cache.ts";

export interface Poller {
  /** Makes the call at once. */
  refresh: () => void;
  stop: () => void;
}

interface PollerOptions<T> {
  /** Values are cached under this path. */
  path: string;
  /** The delay while the value changes. Undefined: one successful call is enough. */
  eachMs: number | undefined;
  read: () => Promise<CallResult<T>>;
  /** Whether the value is final, so that polling ends. */
  isDone: (value: T) => boolean;
  /** Called after each call, when its value is cached; the error is null for a success. */
  onResult: (error: CallError | null) => void;
}

const firstRetryMs = 2_000;

export function startPoller<T>({ path, eachMs, read, isDone, onResult }: PollerOptions<T>): Poller {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let delayMs = eachMs ?? 0;
  let isStopped = false;
  let running = false;
  const isLast = (result: CallResult<T>): boolean =>
    result.ok
      ? eachMs === undefined || isDone(result.value)
      : [401, 403, 404].includes(result.error.status);
  const poll = async () => {
    if (running || isStopped) return;
    running = true;
    clearTimeout(timer);
    const startedAt = performance.now();
    const result = await read();
    running = false;
    if (isStopped) return;
    const hasChanged = result.ok && cacheResponse(path, result.value);
    onResult(result.ok ? null : result.error);
    if (isLast(result)) return;
    delayMs = nextDelayMs(eachMs ?? firstRetryMs, delayMs, {
      changed: hasChanged,
      tookMs: performance.now() - startedAt,
      failed: !result.ok,
      retryAfterSeconds: result.ok ? null : retryAfterOf(result.error),
    });
    timer = setTimeout(() => void (document.hidden ? undefined : poll()), delayMs);
  };
  const onVisibilityChange = () => {
    if (!document.hidden && eachMs !== undefined) void poll();
  };
  document.addEventListener("visibilitychange", onVisibilityChange);
  void poll();
  const refresh = () => {
    delayMs = eachMs ?? 0;
    void poll();
  };
  const stop = () => {
    isStopped = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", onVisibilityChange);
  };
  return { refresh, stop };
}
