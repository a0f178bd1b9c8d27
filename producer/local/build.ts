/**
 * Builds what the Workers bundle and serve: `npm run build`, and at the start of a local fleet. Each part
 * remembers its inputs, so that an unchanged build takes a fraction of a second. One process for all parts:
 * four starts of Node would take longer than their work.
 */
export async function buildAll(): Promise<void> {
  await import("../../consumer/sandbox/interpreter/build/build.ts");
  await import("../../consumer/sandbox/bash/build.ts");
  await import("../../consumer/skills/build.ts");
  await import("../dashboard/build.ts");
}

if (import.meta.main) await buildAll();
