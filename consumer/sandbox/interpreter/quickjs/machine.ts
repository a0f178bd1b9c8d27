import createGlue, { type Glue, type GlueOptions } from "emscripten-glue";
import { op } from "../protocol.ts";
import type { Machines } from "./machines.ts";

/** What the host function returns; see protocol.ts. */
export type HostAnswer = string | Uint8Array | undefined;
export type HostFunction = (op: number, text: string, bytes: Uint8Array | null) => HostAnswer;

/** Thrown through the interpreter to end it; the instance is dead afterwards. */
export class Halt extends Error {
  override name = "Halt";
}

/** The conditions of a run: what a program gets in addition to its code. */
export interface Terms {
  fuel: number;
  memoryBytes: number;
  clock: () => number;
  host: HostFunction;
}

/** The non-zero pieces of linear memory, and the pointers that stay valid in them. */
export interface Template {
  module: WebAssembly.Module;
  machines: Machines<Machine>;
  stack: number;
  pieces: { offset: number; bytes: Uint8Array }[];
  runtime: number;
  context: number;
  dispatch: number;
}

const hostReference = 1;
/** Enough fuel to describe a stack of any permitted depth. */
const stackFuel = 5_000_000;
const pieceBytes = 4_096;
/** The module's data segments end below this address. */
const dataBytes = 131_072;
/** Where the heap starts: after the data and five megabytes of stack, which stay untouched. */
const heapStart = 5_333_088;
const utf8 = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const encoder = new TextEncoder();

const noTerms: Terms = { fuel: 0, memoryBytes: 0, clock: () => 0, host: () => undefined };

/**
 * One QuickJS instance. It is booted once, with the prelude run, and its memory kept as a
 * template; every program then gets an instance whose memory is a copy of the template,
 * so a rich prelude costs one copy of about a megabyte and no run sees another's state.
 * All that an instance keeps is its memory and the two globals that metering exports (meter.ts refuses a
 * module with more), so one whose program ended well serves the next: every byte and both are set again.
 * Little is ever freed inside: the memory is overwritten after its one program.
 */
export class Machine {
  readonly #glue: Glue;
  readonly #memory: WebAssembly.Memory;
  readonly #fuel: WebAssembly.Global;
  readonly #stack: WebAssembly.Global;
  #terms = noTerms;
  #runtime = 0;
  #context = 0;
  #dispatch = 0;

  private constructor(glue: Glue, memory: WebAssembly.Memory, wasmExports: WebAssembly.Exports) {
    const { fuel, stack } = wasmExports;
    if (!(fuel instanceof WebAssembly.Global && stack instanceof WebAssembly.Global))
      throw new Error("The interpreter exports no fuel gauge and no stack pointer.");
    this.#glue = glue;
    this.#memory = memory;
    this.#fuel = fuel;
    this.#stack = stack;
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
        const instance = new WebAssembly.Instance(module, imports);
        wasmExports = instance.exports;
        ready(instance, module);
        return instance.exports;
      },
    };
    const glue = await createGlue(options);
    const made = new Machine(glue, memory, wasmExports ?? {});
    machine = made;
    glue.callbacks = {
      callFunction: (_unused, _context, _self, count, values) => made.#answer(count, values),
      freeHostRef: ignore,
      shouldInterrupt: () => 0,
      loadModuleSource: () => 0,
      normalizeModule: () => 0,
    };
    return made;
  }

  /** Boots an instance, runs the prelude in it and keeps its memory. Takes about 30 ms. */
  static async template(
    module: WebAssembly.Module,
    prelude: string,
    machines: Machines<Machine>,
    stackBytes: number,
  ): Promise<Template> {
    const memory = machines.memory();
    const machine = await Machine.#instantiate(module, memory);
    const stack: number = machine.#stack.value;
    const glue = machine.#glue;
    machine.#runtime = glue._QTS_NewRuntime();
    glue._QTS_RuntimeSetMaxStackSize(machine.#runtime, stackBytes);
    machine.#context = glue._QTS_NewContext(machine.#runtime, 0);
    const context = machine.#context;
    const name = machine.#write(encoder.encode("host"));
    const host = glue._QTS_NewFunction(context, name, 3, 0, hostReference);
    const boot = machine.evaluate(prelude, "engine.js");
    machine.#dispatch = machine.#call(boot, [host]);
    machine.runJobs();
    const heap = new Uint8Array(memory.buffer);
    const pieces: Template["pieces"] = [];
    for (let offset = 0; offset < heap.length; offset += pieceBytes) {
      // Pieces that a new instance's own data covers are always kept, or their zeros would be lost.
      const piece = heap.subarray(offset, offset + pieceBytes);
      if (offset >= dataBytes && piece.every((byte) => byte === 0)) continue;
      const last = pieces.at(-1);
      if (last && last.offset + last.bytes.length === offset) {
        last.bytes = heap.slice(last.offset, offset + pieceBytes);
      } else pieces.push({ offset: offset, bytes: piece.slice() });
    }
    return {
      module,
      machines,
      stack,
      pieces,
      runtime: machine.#runtime,
      context,
      dispatch: machine.#dispatch,
    };
  }

  /** An instance in the state of a new one: the template's memory, and the fuel, memory limit, clock and host of the terms. */
  static async fromTemplate(template: Template, terms: Terms): Promise<Machine> {
    const machine = template.machines.take() ?? (await Machine.#create(template));
    const heap = new Uint8Array(machine.#memory.buffer);
    for (const piece of template.pieces) heap.set(piece.bytes, piece.offset);
    machine.#stack.value = template.stack;
    machine.#runtime = template.runtime;
    machine.#context = template.context;
    machine.#dispatch = template.dispatch;
    machine.#terms = terms;
    machine.limitMemory(terms.memoryBytes);
    machine.#fuel.value = terms.fuel;
    return machine;
  }

  static #create({ module, machines }: Template): Promise<Machine> {
    return Machine.#instantiate(module, machines.memory());
  }

  /** Forgets the program, every byte of it. The machine must not be used until it is taken again. */
  release(template: Template): void {
    this.#terms = noTerms;
    template.machines.give(this, this.#memory);
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
  dispatch(event: string, text: string, value: number | Uint8Array | null): void {
    const handles = [
      this.#newString(event),
      this.#newString(text),
      typeof value === "number" ? value : this.#newBytes(value),
    ];
    const answer = this.#call(this.#dispatch, handles);
    // A program may have many timers and answers, so the handles of each are freed.
    for (const pointer of [...handles.slice(0, 2), answer]) {
      this.#glue._QTS_FreeValuePointer(this.#context, pointer);
    }
  }

  /** Runs promise jobs until none is left. */
  runJobs(): void {
    const out = this.#allocate(8);
    const value = this.#glue._QTS_ExecutePendingJob(this.#runtime, -1, out);
    // A job that throws is the prelude's: errors of programs become rejections.
    this.#glue._QTS_FreeValuePointer(this.#context, this.#check(value));
    this.#glue._free(out);
  }

  /** The bytes by which the memory has grown since its creation. */
  grownBytes(template: Template): number {
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

  #call(callee: number, values: number[]): number {
    const self = this.#glue._QTS_GetUndefined();
    const list = this.#allocate(4 * values.length);
    new Uint32Array(this.#memory.buffer).set(values, list >> 2);
    const value = this.#glue._QTS_Call(this.#context, callee, self, values.length, list);
    this.#glue._free(list);
    return this.#check(value);
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
