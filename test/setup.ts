/**
 * Files share a runtime, which costs more to start than most of them take; none of them sees another. Each
 * begins on empty stores and leaves no stub behind.
 */
import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, vi } from "vitest";

beforeAll(async () => {
  await reset();
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
});

afterAll(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});
