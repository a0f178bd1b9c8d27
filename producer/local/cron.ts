/** Cron triggers do not fire by themselves under `wrangler dev`: this calls them, at once and each minute. */
const everyMs = 60_000;

export function startCron(url: string): { stop(): void } {
  const tick = async () => {
    try {
      const response = await fetch(`${url}/cdn-cgi/handler/scheduled?cron=*+*+*+*+*`, {
        signal: AbortSignal.timeout(everyMs),
      });
      await response.body?.cancel();
    } catch {
      // The fleet is stopping or busy; the next tick does the same work.
    }
  };
  void tick();
  const timer = setInterval(() => void tick(), everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
