import { op } from "../../protocol.ts";
import { ask, hostValue } from "../bridge.ts";
import { stackOf } from "../errors.ts";

/** What Node's util asks its engine about a value: how it was created and what it contains. */

const proxies = new WeakMap<object, [target: object | null, handler: object | null]>();

/** Records created proxies, because nothing else distinguishes a proxy from its target. */
export function installProxies(): void {
  const native = Proxy;
  const make = (target: object, handler: ProxyHandler<object>): object => {
    const proxy = new native(target, handler);
    proxies.set(proxy, [target, handler]);
    return proxy;
  };
  function ProxyOf(this: unknown, target: object, handler: ProxyHandler<object>): object {
    if (new.target === undefined) throw new TypeError("Constructor Proxy requires 'new'");
    return make(target, handler);
  }
  const revocable = (target: object, handler: ProxyHandler<object>): object => {
    const revocable = native.revocable(target, handler);
    proxies.set(revocable.proxy, [target, handler]);
    return {
      proxy: revocable.proxy,
      revoke: () => {
        revocable.revoke();
        proxies.set(revocable.proxy, [null, null]);
      },
    };
  };
  Object.defineProperties(ProxyOf, {
    name: { value: "Proxy" },
    length: { value: 2 },
    prototype: { value: undefined, writable: true },
    revocable: { value: revocable, writable: true, configurable: true },
  });
  Object.defineProperty(globalThis, "Proxy", {
    value: ProxyOf,
    writable: true,
    configurable: true,
  });
}

const sources = new WeakMap<object, [kind: "keys" | "values" | "entries", source: object]>();

/** Iterators of maps and sets remember what they iterate over, so that the console can show it. */
export function installIterators(): void {
  for (const owner of [Map.prototype, Set.prototype] as object[]) {
    for (const kind of ["keys", "values", "entries"] as const) {
      // A set's keys are its values, with one method for both.
      if (owner === Set.prototype && kind === "keys") continue;
      const native = Reflect.get(owner, kind) as (this: object) => object;
      const namedType = {
        [kind](this: object) {
          const iterator = native.call(this);
          sources.set(iterator, [kind, this]);
          return iterator;
        },
      };
      const isUsual = kind === (owner === Map.prototype ? "entries" : "values");
      const names = [
        kind,
        ...(isUsual ? [Symbol.iterator] : []),
        ...(isUsual && owner === Set.prototype ? ["keys"] : []),
      ];
      for (const name of names) {
        Object.defineProperty(owner, name, {
          value: namedType[kind],
          writable: true,
          configurable: true,
        });
      }
    }
  }
}

const constants = {
  kPending: 0,
  kFulfilled: 1,
  kRejected: 2,
  kExiting: 0,
  kExitCode: 1,
  kHasExitCode: 2,
  ALL_PROPERTIES: 0,
  ONLY_WRITABLE: 1,
  ONLY_ENUMERABLE: 2,
  ONLY_CONFIGURABLE: 4,
  SKIP_STRINGS: 8,
  SKIP_SYMBOLS: 16,
  kDisallowCloneAndTransfer: 0,
  kTransferable: 1,
  kCloneable: 2,
};

function getOwnNonIndexProperties(value: object, filter: number): PropertyKey[] {
  return Reflect.ownKeys(value).filter((key) => {
    if (
      typeof key === "symbol" ? (filter & constants.SKIP_SYMBOLS) !== 0 : /^(0|[1-9]\d*)$/.test(key)
    )
      return false;
    return (
      (filter & constants.ONLY_ENUMERABLE) === 0 ||
      Reflect.getOwnPropertyDescriptor(value, key)?.enumerable === true
    );
  });
}

function previewEntries(value: object, isIterator?: boolean): unknown {
  if (isIterator !== true) {
    if (value instanceof Map) return [...value].flat(1);
    return value instanceof Set ? [...value] : [];
  }
  const [kind, source] = sources.get(value) ?? ["values", []];
  const list =
    source instanceof Map && kind !== "entries"
      ? Array.from(source, ([key, entry]) => (kind === "keys" ? key : entry))
      : Array.from(source as Iterable<unknown>, (entry) =>
          kind === "entries" && source instanceof Set ? [entry, entry] : entry,
        );
  return [kind === "entries" ? list.flat(1) : list, kind === "entries"];
}

function getConstructorName(value: object): string {
  for (
    let current: object | null = value;
    current !== null;
    current = Object.getPrototypeOf(current)
  ) {
    const maker = Reflect.getOwnPropertyDescriptor(current, "constructor")?.value;
    if (typeof maker === "function" && maker.name !== "") return maker.name;
  }
  return "Object";
}

export function makeUtilBinding(require: (id: string) => Record<string, unknown>): object {
  return {
    constants,
    privateSymbols: {
      arrow_message_private_symbol: Symbol("arrow"),
      decorated_private_symbol: Symbol("decorated"),
      transfer_mode_private_symbol: Symbol("transfer"),
      untransferable_object_private_symbol: Symbol("untransferable"),
      exit_info_private_symbol: Symbol("exit"),
    },
    shouldAbortOnUncaughtToggle: [0],
    stackOf,
    getOwnNonIndexProperties,
    getPromiseDetails: (promise: unknown) => {
      const state = hostValue(op.promise, promise) as number;
      return state === 0 ? [0] : [state, hostValue(op.promise_result, promise)];
    },
    getProxyDetails: (value: unknown, withHandler = true) => {
      const details =
        typeof value === "object" || typeof value === "function"
          ? proxies.get(value as object)
          : undefined;
      return details !== undefined && !withHandler ? details[0] : details;
    },
    previewEntries,
    getConstructorName,
    getCallerLocation: () => undefined,
    getExternalValue: () => 0n,
    getCallSites: () => [],
    getSystemErrorName: () => undefined,
    isInsideNodeModules: () => false,
    isConstructor: (value: unknown) => typeof value === "function" && "prototype" in value,
    guessHandleType: () => "PIPE",
    sleep: () => {},
    parseEnv: (text: string) => ask(op.env, [text]),
    toUSVString: (text: string) => String(text).toWellFormed(),
    constructSharedArrayBuffer: (size: number) => new ArrayBuffer(size),
    isArrayBufferDetached: (buffer: ArrayBuffer) =>
      (buffer as { detached?: boolean }).detached === true,
    arrayBufferViewHasBuffer: () => true,
    defineLazyProperties(target: object, id: string, keys: string[], enumerable = true) {
      for (const key of keys) {
        Object.defineProperty(target, key, {
          configurable: true,
          enumerable,
          get: () => require(id)[key],
          set(value) {
            Object.defineProperty(target, key, {
              value,
              writable: true,
              enumerable,
              configurable: true,
            });
          },
        });
      }
    },
    WeakReference: class {
      readonly #value: unknown;
      constructor(value: unknown) {
        this.#value = value;
      }
      get(): unknown {
        return this.#value;
      }
      incRef(): void {}
      decRef(): void {}
    },
  };
}

/** A value has a kind if it inherits from the kind's prototype and the kind's own method accepts it. */
function hasKind(
  maker: { prototype: object },
  probe: (value: never) => unknown,
): (value: unknown) => boolean {
  return (value) => {
    if (typeof value !== "object" || value === null) return false;
    if (!Object.prototype.isPrototypeOf.call(maker.prototype, value)) return false;
    try {
      probe(value as never);
      return true;
    } catch {
      return false;
    }
  };
}

const getter = (owner: object, key: string): ((value: unknown) => unknown) => {
  const get = Object.getOwnPropertyDescriptor(owner, key)?.get as () => unknown;
  return (value) => get.call(value);
};
const call =
  (owner: object, key: PropertyKey, ...values: unknown[]): ((value: unknown) => unknown) =>
  (value) =>
    (Reflect.get(owner, key) as (...args: unknown[]) => unknown).call(value, ...values);

const tagOf = (value: unknown): string => Object.prototype.toString.call(value);
const hasTag = (value: unknown, tag: string): boolean =>
  typeof value === "object" && value !== null && Reflect.get(value, Symbol.toStringTag) === tag;

const isDate = hasKind(Date, call(Date.prototype, "getTime"));
const isMap = hasKind(Map, getter(Map.prototype, "size"));
const isSet = hasKind(Set, getter(Set.prototype, "size"));
const isBoxed = (maker: { prototype: object }): ((value: unknown) => boolean) =>
  hasKind(maker, call(maker.prototype, "valueOf"));
const isNumberObject = isBoxed(Number);
const isStringObject = isBoxed(String);
const isBooleanObject = isBoxed(Boolean);
const isBigIntObject = isBoxed(BigInt as never);
const isSymbolObject = isBoxed(Symbol as never);
const isArrayBuffer = hasKind(ArrayBuffer, getter(ArrayBuffer.prototype, "byteLength"));
const functionKind =
  (...kinds: string[]) =>
  (value: unknown): boolean =>
    typeof value === "function" && kinds.includes(tagOf(value).slice(8, -1));

export const typesBinding = {
  isExternal: () => false,
  isDate,
  isArgumentsObject: (value: unknown) =>
    typeof value === "object" &&
    value !== null &&
    !(Symbol.toStringTag in value) &&
    tagOf(value) === "[object Arguments]",
  isBigIntObject,
  isBooleanObject,
  isNumberObject,
  isStringObject,
  isSymbolObject,
  isBoxedPrimitive: (value: unknown) =>
    isNumberObject(value) ||
    isStringObject(value) ||
    isBooleanObject(value) ||
    isBigIntObject(value) ||
    isSymbolObject(value),
  isNativeError: (value: unknown) =>
    (Error as unknown as { isError(value: unknown): boolean }).isError(value),
  isRegExp: hasKind(RegExp, call(RegExp.prototype, "toString")),
  isAsyncFunction: functionKind("AsyncFunction", "AsyncGeneratorFunction"),
  isGeneratorFunction: functionKind("GeneratorFunction", "AsyncGeneratorFunction"),
  isGeneratorObject: (value: unknown) =>
    hasTag(value, "Generator") || hasTag(value, "AsyncGenerator"),
  isPromise: (value: unknown) => value instanceof Promise && value !== Promise.prototype,
  isMap,
  isSet,
  isMapIterator: (value: unknown) => hasTag(value, "Map Iterator"),
  isSetIterator: (value: unknown) => hasTag(value, "Set Iterator"),
  isWeakMap: hasKind(WeakMap, call(WeakMap.prototype, "has", {})),
  isWeakSet: hasKind(WeakSet, call(WeakSet.prototype, "has", {})),
  isArrayBuffer,
  isDataView: hasKind(DataView, getter(DataView.prototype, "byteLength")),
  isSharedArrayBuffer: (value: unknown) => tagOf(value) === "[object SharedArrayBuffer]",
  isProxy: (value: unknown) =>
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    proxies.has(value),
  isModuleNamespaceObject: () => false,
  isAnyArrayBuffer: (value: unknown) =>
    isArrayBuffer(value) || tagOf(value) === "[object SharedArrayBuffer]",
  isCryptoKey: () => false,
  isKeyObject: () => false,
  isEventTarget: () => false,
};
