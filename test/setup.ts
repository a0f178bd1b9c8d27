/**
 * Files share a runtime, which costs more to start than most of them take; none of them sees another. Each
 * begins on empty stores and leaves no stub behind.
 */
import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, vi } from "vitest";

const resetsMax = 50;

beforeAll(async () => {
  await emptied();
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
});

afterAll(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** A store that work behind an answer of the last file still holds outlives a reset: then there is another. */
async function emptied(): Promise<void> {
  for (let resets = 0; resets < resetsMax; resets++) {
    await reset();
    const tables = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'tasks'";
    if ((await env.DB.prepare(tables).first("COUNT(*)")) === 0) return;
    await scheduler.wait(20);
  }
  throw new Error("the stores of the file before could not be emptied");
}
