import createGlue, { type Glue, type GlueOptions } from "emscripten-glue";
import { sandboxLimits } from "../../../../shared/limits.ts";
import { op } from "../protocol.ts";
import { Halt } from "./halt.ts";
import { type Image, piecesOf, restore } from "./image.ts";
import type { Machines } from "./machines.ts";

/** What the host function returns; see protocol.ts. */
export type HostAnswer = string | Uint8Array | undefined;
export type HostFunction = (op: number, text: string, bytes: Uint8Array | null) => HostAnswer;

/** The conditions of a run: what a program gets in addition to its code. */
export interface Terms {
  fuel: number;
  memoryBytes: number;
  clock: () => number;
  host: HostFunction;
}

/** What a program's instance is made from. */
export interface Template extends Image {
  module: WebAssembly.Module;
  machines: Machines<Machine>;
}

const hostReference = 1;
/** Where a runtime has the flag by which functions forget their text. */
const stripFlagOffset = 228;
const { stackPieceBytes } = sandboxLimits;
/** Enough fuel to describe a stack of any permitted depth. */
const stackFuel = 5_000_000;
/** Where the heap starts: after the data and five megabytes of stack, which stay untouched. */
const heapStart = 5_333_088;
const utf8 = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const encoder = new TextEncoder();

type Entry = (...values: number[]) => Promise<number>;

const isGlobal = (value: unknown): value is WebAssembly.Global =>
  value instanceof WebAssembly.Global;

const noTerms: Terms = { fuel: 0, memoryBytes: 0, clock: () => 0, host: () => undefined };

/**
 * One QuickJS instance. One is booted when the sandbox is built, with the prelude run, and its memory kept as
 * an image; every program then gets an instance whose memory is a copy of it, so a rich prelude costs a copy
 * of some megabytes, an isolate starts without running it, and no run sees another's state.
 * All that an instance keeps is its memory and the four globals that metering exports (meter.ts refuses a
 * module with more), so one whose program ended well serves the next: every byte and all four are set again.
 * Little is ever freed inside: the memory is overwritten after its one program.
 */
export class Machine {
  readonly #glue: Glue;
  readonly #memory: WebAssembly.Memory;
  readonly #fuel: WebAssembly.Global;
  readonly #stack: WebAssembly.Global;
  readonly #piece: WebAssembly.Global;
  readonly #lowest: WebAssembly.Global;
  readonly #enterCall: Entry;
  readonly #enterJobs: Entry;
  #terms = noTerms;
  #runtime = 0;
  #context = 0;
  #dispatch = 0;

  private constructor(glue: Glue, memory: WebAssembly.Memory, wasmExports: WebAssembly.Exports) {
    const { fuel, stack, piece, lowest } = wasmExports;
    if (!isGlobal(fuel) || !isGlobal(stack) || !isGlobal(piece) || !isGlobal(lowest))
      throw new Error(
        "The interpreter does not export its fuel gauge, its stack pointer, the lowest one and the next piece.",
      );
    this.#glue = glue;
    this.#memory = memory;
    this.#fuel = fuel;
    this.#stack = stack;
    this.#piece = piece;
    this.#lowest = lowest;
    this.#enterCall = WebAssembly.promising(glue._QTS_Call);
    this.#enterJobs = WebAssembly.promising(glue._QTS_ExecutePendingJob);
  }

  static async #instantiate(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
  ): Promise<Machine> {
    let wasmExports: WebAssembly.Exports | undefined;
    let machine: Machine | undefined;
    const ignore = (): void => {};
    const options: GlueOptions = {
      wasmMemory: memory,
      clock: () => (machine === undefined ? 0 : machine.#terms.clock()),
      print: ignore,
      printErr: ignore,
      instantiateWasm(imports, ready) {
        // A call that is nested too deep for this piece of stack continues on one of its own: deep_calls.ts.
        const call = new WebAssembly.Suspending((...values) => deeper(...values));
        const instance = new WebAssembly.Instance(module, {
          ...imports,
          deep: { call: call as never },
        });
        wasmExports = instance.exports;
        const deeper = WebAssembly.promising(wasmExports.call);
        ready(instance, module);
        return instance.exports;
      },
    };
    const glue = await createGlue(options);
    const made = new Machine(glue, memory, wasmExports ?? {});
    machine = made;
    glue.callbacks = {
      callFunction: (_unused, _context, _self, count, values) => made.#serve(count, values),
      freeHostRef: ignore,
      shouldInterrupt: () => 0,
      loadModuleSource: () => 0,
      normalizeModule: () => 0,
    };
    return made;
  }

  /** Boots an instance, runs the prelude in it and answers its memory. Takes about half a second. */
  static async boot(
    module: WebAssembly.Module,
    prelude: string,
    memory: WebAssembly.Memory,
    stackBytes: number,
  ): Promise<Image> {
    const machine = await Machine.#instantiate(module, memory);
    const stack: number = machine.#stack.value;
    const glue = machine.#glue;
    machine.#runtime = glue._QTS_NewRuntime();
    glue._QTS_RuntimeSetMaxStackSize(machine.#runtime, stackBytes);
    machine.#context = glue._QTS_NewContext(machine.#runtime, 0);
    const name = machine.#write(encoder.encode("host"));
    const host = glue._QTS_NewFunction(machine.#context, name, 3, 0, hostReference);
    machine.#stripSources(true);
    const boot = machine.evaluate(prelude, "engine.js");
    const dispatch = machine.#call(boot, [host]);
    await machine.runJobs();
    machine.#stripSources(false);
    const pieces = piecesOf(new Uint8Array(memory.buffer));
    return { stack, pieces, runtime: machine.#runtime, context: machine.#context, dispatch };
  }

  /**
   * Whether functions that are compiled from now on forget their text, which each function in a function would
   * keep again: two megabytes for the prelude. The module has no function for it, so the flag itself is set;
   * the build fails where it is not at this place of the runtime.
   */
  #stripSources(isStripped: boolean): void {
    new Uint8Array(this.#memory.buffer)[this.#runtime + stripFlagOffset] = isStripped ? 1 : 0;
    const text = this.#stringOf(this.evaluate("String(function f() {})", "strip.js"));
    if (text.includes("native code") !== isStripped)
      throw new Error("The interpreter keeps the flag for sources at another place than expected.");
  }

  /** An instance in the state of a new one: the template's memory, and the fuel, memory limit, clock and host of the terms. */
  static async fromTemplate(template: Template, terms: Terms): Promise<Machine> {
    const machine = template.machines.take() ?? (await Machine.#create(template));
    machine.#stack.value = template.stack;
    machine.#lowest.value = template.stack;
    machine.#runtime = template.runtime;
    machine.#context = template.context;
    machine.#dispatch = template.dispatch;
    machine.#terms = terms;
    machine.limitMemory(terms.memoryBytes);
    machine.#fuel.value = terms.fuel;
    return machine;
  }

  static async #create(template: Template): Promise<Machine> {
    const machine = await Machine.#instantiate(template.module, template.machines.memory());
    for (const piece of template.pieces)
      new Uint8Array(machine.#memory.buffer).set(piece.bytes, piece.offset);
    return machine;
  }

  /** Forgets the program, every byte of it. The machine must not be used until it is taken again. */
  release(template: Template): void {
    this.#terms = noTerms;
    if (!template.machines.wants(this.#memory)) return;
    restore(new Uint8Array(this.#memory.buffer), template, this.#lowest.value);
    template.machines.give(this);
  }

  /** The remaining fuel; negative if it ran out. */
  get fuel(): number {
    return this.#fuel.value;
  }

  /** Charges fuel for work outside the interpreter on the program's behalf. */
  charge(units: number): void {
    this.#fuel.value = Math.max(-1, this.#fuel.value - Math.ceil(units));
    if (this.#fuel.value < 0) throw new Halt("fuel");
  }

  limitMemory(bytes: number): void {
    this.#glue._QTS_RuntimeSetMemoryLimit(this.#runtime, bytes);
  }

  /** Evaluates global code and returns a pointer to its value. Throws what the code throws. */
  evaluate(code: string, file: string): number {
    const source = encoder.encode(code);
    const value = this.#glue._QTS_Eval(
      this.#context,
      this.#write(source),
      source.length,
      this.#write(encoder.encode(file)),
      0,
      0,
    );
    return this.#check(value);
  }

  /** Calls the prelude's dispatcher. */
  async dispatch(event: string, text: string, value: number | Uint8Array | null): Promise<void> {
    const handles = [
      this.#newString(event),
      this.#newString(text),
      typeof value === "number" ? value : this.#newBytes(value),
    ];
    const list = this.#list(handles);
    const self = this.#glue._QTS_GetUndefined();
    const parts = [this.#context, this.#dispatch, self, handles.length, list];
    const answer = this.#check(await this.#enter(this.#enterCall, parts));
    this.#glue._free(list);
    // A program may have many timers and answers: what each one took is given back.
    for (const pointer of [...handles.slice(0, 2), answer]) {
      this.#glue._QTS_FreeValuePointer(this.#context, pointer);
    }
  }

  /** Runs promise jobs until none is left. */
  async runJobs(): Promise<void> {
    const out = this.#allocate(8);
    const value = await this.#enter(this.#enterJobs, [this.#runtime, -1, out]);
    // A job that throws is one of the prelude's: programs' throws become rejections.
    this.#glue._QTS_FreeValuePointer(this.#context, this.#check(value));
    this.#glue._free(out);
  }

  /** Bytes that the memory has grown by, and while a deep call waits for another stack, that it may grow by. */
  grownBytes(template: Template): number {
    if (this.#piece.value !== 0) return sandboxLimits.memoryBytesMax;
    return this.#memory.buffer.byteLength - template.machines.bootBytes;
  }

  /** The size of the heap. It never shrinks, so this is also its maximum. */
  get heapBytes(): number {
    return this.#memory.buffer.byteLength - heapStart;
  }

  /**
   * The stack of a program that a limit has stopped. The instance is dead, but its frames are still in its
   * memory: with some fuel more it can be asked for them. Empty where it cannot.
   */
  stackAtStop(): string {
    try {
      this.#fuel.value = stackFuel;
      this.limitMemory(-1);
      this.#glue._QTS_RuntimeSetMaxStackSize(this.#runtime, 0);
      const value = this.evaluate("new Error('').stack", "stop.js");
      return this.#stringOf(value);
    } catch {
      return "";
    }
  }

  #check(value: number): number {
    const error = this.#glue._QTS_ResolveException(this.#context, value);
    if (error === 0) return value;
    throw new GuestError(this.#dump(error));
  }

  #dump(value: number): { name: string; message: string; stack: string } {
    const text = this.#text(this.#glue._QTS_Dump(this.#context, value));
    try {
      const parsed: unknown = JSON.parse(text);
      if (typeof parsed === "object" && parsed !== null) {
        return { name: "Error", message: "", stack: "", ...parsed };
      }
    } catch {
      // The text is not JSON: it is itself the best message.
    }
    return { name: "Error", message: text, stack: "" };
  }

  /** Enters the program, whose calls may then nest over several pieces of stack. */
  async #enter(entry: Entry, values: number[]): Promise<number> {
    this.#piece.value = this.#stack.value - stackPieceBytes;
    try {
      return await entry(...values);
    } finally {
      this.#piece.value = 0;
    }
  }

  #call(callee: number, values: number[]): number {
    const self = this.#glue._QTS_GetUndefined();
    const list = this.#list(values);
    const value = this.#glue._QTS_Call(this.#context, callee, self, values.length, list);
    this.#glue._free(list);
    return this.#check(value);
  }

  #list(values: number[]): number {
    const list = this.#allocate(4 * values.length);
    new Uint32Array(this.#memory.buffer).set(values, list >> 2);
    return list;
  }

  /** Serves the program's host function. What it calls of the module must return at once, so it has one piece. */
  #serve(count: number, values: number): number {
    const piece: number = this.#piece.value;
    this.#piece.value = 0;
    const answer = this.#answer(count, values);
    this.#piece.value = piece;
    return answer;
  }

  #answer(count: number, values: number): number {
    const glue = this.#glue;
    const pointerAt = (index: number): number =>
      glue._QTS_ArgvGetJSValueConstPointer(values, index);
    const code = count > 0 ? glue._QTS_GetFloat64(this.#context, pointerAt(0)) : 0;
    if (code === op.promise) {
      return glue._QTS_NewFloat64(
        this.#context,
        glue._QTS_PromiseState(this.#context, pointerAt(2)),
      );
    }
    if (code === op.promise_result) return glue._QTS_PromiseResult(this.#context, pointerAt(2));
    const text = count > 1 ? this.#stringOf(pointerAt(1)) : "";
    const bytes = count > 2 ? this.#bytesOf(pointerAt(2)) : null;
    const answer = this.#terms.host(code, text, bytes);
    if (answer === undefined) return 0;
    return typeof answer === "string" ? this.#newString(answer) : this.#newBytes(answer);
  }

  #stringOf(value: number): string {
    const pointer = this.#glue._QTS_GetString(this.#context, value);
    if (pointer === 0) return "";
    const text = this.#text(pointer);
    this.#glue._QTS_FreeCString(this.#context, pointer);
    return text;
  }

  #text(pointer: number): string {
    const heap = new Uint8Array(this.#memory.buffer);
    return utf8.decode(heap.subarray(pointer, heap.indexOf(0, pointer)));
  }

  #bytesOf(value: number): Uint8Array | null {
    const pointer = this.#glue._QTS_GetArrayBuffer(this.#context, value);
    if (pointer === 0) return null;
    const length = this.#glue._QTS_GetArrayBufferLength(this.#context, value);
    const bytes = new Uint8Array(this.#memory.buffer).slice(pointer, pointer + length);
    this.#glue._free(pointer);
    return bytes;
  }

  #newString(text: string): number {
    const pointer = this.#write(encoder.encode(text));
    const value = this.#glue._QTS_NewString(this.#context, pointer);
    this.#glue._free(pointer);
    return value;
  }

  #newBytes(bytes: Uint8Array | null): number {
    if (bytes === null) return this.#glue._QTS_GetUndefined();
    const pointer = this.#write(bytes);
    return this.#glue._QTS_NewArrayBuffer(this.#context, pointer, bytes.length);
  }

  /** Copies bytes into the memory and appends a NUL. */
  #write(bytes: Uint8Array): number {
    const pointer = this.#allocate(bytes.length + 1);
    const heap = new Uint8Array(this.#memory.buffer);
    heap.set(bytes, pointer);
    heap[pointer + bytes.length] = 0;
    return pointer;
  }

  #allocate(bytes: number): number {
    const pointer = this.#glue._malloc(bytes);
    if (pointer === 0) throw new Halt("memory");
    return pointer;
  }
}

/** An exception that no code inside the interpreter caught. */
export class GuestError extends Error {
  override name = "GuestError";
  readonly guest: { name: string; message: string; stack: string };
  constructor(guest: { name: string; message: string; stack: string }) {
    super(`${guest.message}\n${guest.stack}`);
    this.guest = guest;
  }
}
