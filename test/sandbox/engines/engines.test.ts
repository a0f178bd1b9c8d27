/** The behaviour that every sandbox engine must have. */
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { Engine } from "../../../consumer/sandbox/engine.ts";
import { engineFor } from "../../../consumer/sandbox/index.ts";
import { isolateEngine } from "../../../consumer/sandbox/isolate.ts";
import { isolateV8Engine } from "../../../consumer/sandbox/isolate_v8.ts";
import { microVmEngine } from "../../../consumer/sandbox/microvm/engine.ts";
import { FakeMicroVm } from "../fake_microvm.ts";
import { limits, nothing, type RunOptions, run } from "../running.ts";

/** The engine over a fake container, which is given the program. */
function fakeEngine(): { engine: ReturnType<typeof microVmEngine>; vms: FakeMicroVm[] } {
  const vms: FakeMicroVm[] = [];
  let code = "";
  const engine = microVmEngine(() => {
    const vm = new FakeMicroVm(() => code);
    vms.push(vm);
    return vm;
  }, env.LOADER);
  const runIn: Engine["run"] = (program, ...rest) => {
    code = program.code;
    return engine.run(program, ...rest);
  };
  return { engine: { ...engine, run: runIn }, vms };
}

const engines: [name: Engine["name"], make: () => Engine][] = [
  ["isolate", () => isolateEngine(env.LOADER)],
  ["isolate-v8", () => isolateV8Engine(env.LOADER)],
  ["microvm", () => fakeEngine().engine],
];

describe.each(engines)("the engine %s", (name, make) => {
  const on = (code: string, options: RunOptions = {}) => run(code, { engine: make(), ...options });

  test("it has its name", () => {
    expect(make().name).toBe(name);
  });

  test("it returns the value of the last expression", async () => {
    expect(await on("const a = 2;\na * 21")).toMatchObject({ value: "42", error: null });
  });

  test("it returns what the console printed", async () => {
    const outcome = await on("console.log('a'); console.error('b'); undefined");
    expect(outcome).toMatchObject({ logs: "a\nb", value: null, error: null });
  });

  test("it gives the program its files and returns its changes", async () => {
    const code =
      "fs.writeFileSync('out.txt', fs.readFileSync('in.txt', 'utf8') + '!'); fs.unlinkSync('in.txt')";
    const { changes } = await on(code, { files: { "in.txt": "hello" } });
    expect(new TextDecoder().decode(changes.get("out.txt") ?? undefined)).toBe("hello!");
    expect(changes.get("in.txt")).toBeNull();
    expect(changes.size).toBe(2);
  });

  test("tools are async functions that throw a refusal", async () => {
    const outcome = await on(
      "const a = await t({ x: 1 }); try { await bad({}) } catch (e) { [a.x, e.message] }",
      {
        tools: ["t", "bad"],
        capabilities: {
          call: async (tool, json) =>
            tool === "t" ? { ok: true, json } : { ok: false, message: "no" },
        },
      },
    );
    expect(outcome.value).toBe("[ 1, 'no' ]");
  });

  test("it sends requests only through the capabilities", async () => {
    const receivedUrls: string[] = [];
    const outcome = await on("(await fetch('https://a.example/x')).status", {
      capabilities: {
        fetch: async (request) => {
          receivedUrls.push(request.url);
          return nothing.fetch(request);
        },
      },
    });
    expect(outcome.value).toBe("403");
    expect(receivedUrls).toEqual(["https://a.example/x"]);
  });

  test("an error has the agent's own lines", async () => {
    const { error } = await on("const a = 1;\n\nthrow new TypeError('bad')");
    expect(error).toMatchObject({ kind: "thrown", name: "TypeError", message: "bad" });
    expect(error?.stack).toContain("program.js:3:");
  });

  test("it rejects code that is not a program", async () => {
    expect((await on("let x = ;")).error).toMatchObject({ kind: "syntax", name: "SyntaxError" });
  });

  test("a program that waits forever is stopped, and its files are dropped", async () => {
    const code = "fs.writeFileSync('a', 'b'); await fetch('https://slow.example/')";
    const outcome = await on(code, {
      limits: { wallMs: 150 },
      capabilities: { fetch: () => new Promise(() => {}) },
    });
    expect(outcome.error?.kind).toBe("deadline");
    expect(outcome.changes.size).toBe(0);
  });

  test("an abort ends the run", async () => {
    const controller = new AbortController();
    const outcome = await on("await fetch('https://slow.example/')", {
      signal: controller.signal,
      capabilities: {
        fetch: () => {
          queueMicrotask(() => controller.abort());
          return new Promise(() => {});
        },
      },
    });
    expect(outcome.error?.kind).toBe("deadline");
  });

  test("output is cut at its limit with a note", async () => {
    const outcome = await on("for (let i = 0; i < 200; i++) console.log('x'.repeat(99))", {
      limits: { logBytes: 1_000 },
    });
    expect(outcome.logs.length).toBeLessThan(1_200);
    expect(outcome.logs).toContain("cut off");
  });

  test("the next program sees nothing of the one before", async () => {
    const engine = make();
    await run("globalThis.leak = 1; Object.prototype.leak = 2", { engine });
    expect((await run("[typeof leak, ({}).leak]", { engine })).value).toBe(
      "[ 'undefined', undefined ]",
    );
  });
});

describe("the engine microvm, on its container", () => {
  const program = (code: string, files: Map<string, Uint8Array>) => ({ code, files, tools: [] });
  const signal = new AbortController().signal;
  const bytes = (text: string) => new TextEncoder().encode(text);

  test("one container serves all runs, files cross only when they change, and it is destroyed", async () => {
    const { engine, vms } = fakeEngine();
    const files = new Map([
      ["a", bytes("1")],
      ["b", bytes("2")],
    ]);
    await engine.run(program("1", files), nothing, limits, signal);
    const { changes } = await engine.run(
      program("fs.writeFileSync('c', '3')", files),
      nothing,
      limits,
      signal,
    );
    for (const [path, content] of changes) if (content !== null) files.set(path, content);
    files.set("b", bytes("new"));
    files.delete("a");
    const catOutcome = await engine.shell(program("cat b", files), nothing, limits, signal);
    expect(catOutcome).toMatchObject({ logs: "new", error: null });
    expect(vms.map(({ sent }) => sent)).toEqual([[["a", "b"], [], ["b"]]]);
    await engine.close();
    await engine.close();
    expect(vms.map(({ destroyed }) => destroyed)).toEqual([1]);
  });

  test("a command answers its output and its exit code, and its files are kept", async () => {
    const { engine } = fakeEngine();
    const echoOutcome = await engine.shell(
      program("echo hi > f", new Map()),
      nothing,
      limits,
      signal,
    );
    expect([...echoOutcome.changes]).toEqual([["f", bytes("hi\n")]]);
    const failed = await engine.shell(program("nope", new Map()), nothing, limits, signal);
    expect(failed.logs).toContain("command not found");
    expect(failed.error).toMatchObject({
      name: "ExitError",
      message: "It ended with exit code 127.",
    });
  });

  test("a container that does not answer is destroyed, and the next run gets another", async () => {
    const { engine, vms } = fakeEngine();
    await engine.run(program("1", new Map()), nothing, limits, signal);
    const [first] = vms;
    if (first === undefined) throw new Error("no container was made");
    first.failing = "never answers";
    const controller = new AbortController();
    queueMicrotask(() => controller.abort());
    const stopped = await engine.run(program("1", new Map()), nothing, limits, controller.signal);
    expect(stopped.error?.kind).toBe("deadline");
    expect(first.destroyed).toBe(1);
    expect((await engine.run(program("2", new Map()), nothing, limits, signal)).value).toBe("2");
    expect(vms).toHaveLength(2);
  });

  test("a container that breaks is the engine's fault, not the program's", async () => {
    const { engine, vms } = fakeEngine();
    await engine.run(program("1", new Map()), nothing, limits, signal);
    for (const vm of vms) vm.failing = "throws";
    await expect(engine.run(program("1", new Map()), nothing, limits, signal)).rejects.toThrow(
      "Unavailable",
    );
    expect(vms[0]?.destroyed).toBe(1);
  });

  test("what a container reports is accepted only within bounds", async () => {
    const { engine, vms } = fakeEngine();
    await engine.run(program("1", new Map()), nothing, limits, signal);
    for (const vm of vms) vm.failing = "lies";
    const outcome = await engine.run(program("1", new Map()), nothing, limits, signal);
    expect(outcome.value).toBeNull();
    expect(outcome.logs.length).toBeLessThan(limits.logBytes + 2_000);
    expect(outcome.error).toMatchObject({ kind: "thrown", name: "7", message: "" });
    // Deleting a missing file changes nothing.
    expect([...outcome.changes].map(([path, bytes]) => [path, bytes?.length ?? null])).toEqual([
      ["escape", 3],
      ["etc/passwd", 3],
      ["ok", 3],
      ["nothing/there", null],
    ]);
  });

  test("without containers it says at once what to do", () => {
    const engine = engineFor("microvm", env as never, "n");
    expect(engine.ok ? "" : engine.error).toMatch(/--microvm.*Docker.*isolate/s);
  });
});
