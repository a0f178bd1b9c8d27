/** The published Emscripten glue of the interpreter: maps stable names to the module's short ones. */
declare module "emscripten-glue" {
  export interface GlueOptions {
    wasmMemory: WebAssembly.Memory;
    /** Milliseconds since 1970; the build puts it in place of Date.now(). */
    clock(): number;
    print(text: string): void;
    printErr(text: string): void;
    instantiateWasm(
      imports: Record<string, Record<string, WebAssembly.ExportValue>>,
      ready: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
    ): WebAssembly.Exports;
  }

  export interface Callbacks {
    callFunction(
      unused: undefined,
      context: number,
      self: number,
      count: number,
      values: number,
      reference: number,
    ): number;
    freeHostRef(): void;
    shouldInterrupt(): number;
    loadModuleSource(): number;
    normalizeModule(): number;
  }

  /** Pointers are numbers. `value` is a pointer to a boxed value, 0 is undefined. */
  export interface Glue {
    callbacks: Callbacks;
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    _QTS_NewRuntime(): number;
    _QTS_NewContext(runtime: number, intrinsics: number): number;
    _QTS_RuntimeSetMaxStackSize(runtime: number, bytes: number): void;
    _QTS_RuntimeSetMemoryLimit(runtime: number, bytes: number): void;
    _QTS_NewFunction(
      context: number,
      name: number,
      length: number,
      isConstructor: number,
      reference: number,
    ): number;
    _QTS_Eval(
      context: number,
      code: number,
      length: number,
      file: number,
      detectModule: number,
      flags: number,
    ): number;
    _QTS_Call(context: number, callee: number, self: number, count: number, values: number): number;
    _QTS_ExecutePendingJob(runtime: number, jobsMax: number, contextOut: number): number;
    _QTS_ResolveException(context: number, value: number): number;
    _QTS_Dump(context: number, value: number): number;
    _QTS_FreeValuePointer(context: number, value: number): void;
    _QTS_GetUndefined(): number;
    _QTS_GetFloat64(context: number, value: number): number;
    _QTS_NewFloat64(context: number, value: number): number;
    /** 0 pending, 1 fulfilled, 2 rejected; below zero what is not a promise. */
    _QTS_PromiseState(context: number, promise: number): number;
    _QTS_PromiseResult(context: number, promise: number): number;
    _QTS_GetString(context: number, value: number): number;
    _QTS_FreeCString(context: number, pointer: number): void;
    _QTS_NewString(context: number, pointer: number): number;
    _QTS_GetArrayBuffer(context: number, value: number): number;
    _QTS_GetArrayBufferLength(context: number, value: number): number;
    _QTS_NewArrayBuffer(context: number, pointer: number, bytes: number): number;
    _QTS_ArgvGetJSValueConstPointer(values: number, index: number): number;
  }

  export default function createGlue(options: GlueOptions): Promise<Glue>;
}
