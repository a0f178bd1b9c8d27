import { createVitest } from "vitest/node";

const vitest = await createVitest("test", {
  run: true,
  watch: false,
  project: ["workerd"],
  provide: { chaos: { seed: 1, seeds: 40, tasks: 12 } },
  reporters: ["default"],
} as never);
const result = await vitest.start(["test/chaos/in_process.test.ts"]);
for (const m of result.testModules)
  for (const t of m.children.allTests()) console.log(JSON.stringify(t.meta()));
await vitest.close();
