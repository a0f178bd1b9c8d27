/**
 * What a native isolate offers other than the network. The platform blocks the network by the missing outbound,
 * sockets included. It does not block the cache, where another tenant's program could read what one puts
 * there. A beacon says that it was sent although it is blocked.
 */
export function sealCaches(): void {
  refuse("Cache", ["add", "addAll", "delete", "keys", "match", "matchAll", "put"]);
  refuse("CacheStorage", ["delete", "has", "keys", "match", "open"]);
  refuse("Navigator", ["sendBeacon"]);
}

/** Replaces methods on the prototype, where all existing and future objects find them. */
function refuse(className: string, methods: readonly string[]): void {
  const target: unknown = Reflect.get(globalThis, className);
  if (typeof target !== "function") return;
  for (const name of methods) {
    Reflect.defineProperty(target.prototype, name, {
      value: () => {
        throw new Error(`${className}.${name} is not available in the sandbox; use fetch()`);
      },
    });
  }
}
