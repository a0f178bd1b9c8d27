const everyMs = 60_000;

/** Calls the cron handler immediately and every minute, because `wrangler dev` does not. */
export function startCron(url: string): { stop(): void } {
  const tick = async () => {
    try {
      const response = await fetch(`${url}/cdn-cgi/handler/scheduled?cron=*+*+*+*+*`, {
        signal: AbortSignal.timeout(everyMs),
      });
      await response.body?.cancel();
    } catch {
      // The fleet is stopping or busy; the next call does the same work.
    }
  };
  void tick();
  const timer = setInterval(() => void tick(), everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
