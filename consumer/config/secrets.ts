/** A credential that policies may inject, by its name in the policies; undefined where it is not set. */
export function readSecret(env: object, name: string): string | undefined {
  const value: unknown = Reflect.get(env, `SECRET_${name}`);
  return typeof value === "string" && value !== "" ? value : undefined;
}
