/** The schemas of the OpenAPI document. */
import { Kind, type TSchema } from "@sinclair/typebox";

type Json = Record<string, unknown>;

/** Schemas with an `$id` are defined once, under it, and referenced everywhere else. */
export class Components {
  readonly schemas: Record<string, Json> = {};

  reference(schema: TSchema): Json {
    const { $id } = schema;
    if ($id === undefined) return this.#inline(schema);
    if (!($id in this.schemas)) {
      // Reserved first, because a schema may contain itself.
      this.schemas[$id] = {};
      this.schemas[$id] = this.#inline(schema);
    }
    return { $ref: `#/components/schemas/${$id}` };
  }

  #inline(schema: TSchema): Json {
    if (schema[Kind] === "This") return { $ref: `#/components/schemas/${schema.$ref}` };
    const values = enumValuesOf(schema);
    if (values !== null) {
      const { anyOf: _, $id: __, ...rest } = schema;
      return { ...rest, enum: values };
    }
    return Object.fromEntries(
      Object.entries(schema)
        .filter(([keyword]) => keyword !== "$id" && keyword !== "essential")
        .map(([keyword, value]) => [keyword, this.#convert(keyword, value)]),
    );
  }

  #convert(keyword: string, value: unknown): unknown {
    if (keyword === "properties" || keyword === "patternProperties") {
      return Object.fromEntries(
        Object.entries(value as Record<string, TSchema>).map(([name, property]) => [
          name,
          this.reference(property),
        ]),
      );
    }
    if (Array.isArray(value) && ["anyOf", "allOf", "oneOf"].includes(keyword)) {
      return (value as TSchema[]).map((member) => this.reference(member));
    }
    const isSubschema = ["items", "not", "additionalProperties"].includes(keyword);
    return isSubschema && typeof value === "object" ? this.reference(value as TSchema) : value;
  }
}

/** The values of a union of constants, which is written as an enum; null for any other schema. */
function enumValuesOf({ anyOf }: TSchema): unknown[] | null {
  if (!Array.isArray(anyOf) || anyOf.length === 0) return null;
  const constants = (anyOf as TSchema[]).filter((member) => member.const !== undefined);
  return constants.length === anyOf.length
    ? constants.map((constant) => constant.const as unknown)
    : null;
}
