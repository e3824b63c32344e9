/**
 * A lab's settings, read from its JSON schema (`Config.json_schema` in Python): all that a form
 * needs, and nothing that belongs to one lab.
 */

export type Kind = "integer" | "number" | "choice" | "boolean" | "text" | "list" | "choices" | "texts" | "file";

/** Bounds of a number; the first two are allowed themselves. */
export interface Bounds {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

/** What another setting must be (`values`), or must not (`not`). */
export interface Condition {
  readonly path: string;
  readonly values: readonly unknown[];
  readonly not: boolean;
}

export interface Setting {
  /** "generator.optimizer.learning_rate". */
  readonly path: string;
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  readonly kind: Kind;
  /** Whether null is a value: none. */
  readonly optional: boolean;
  readonly default: unknown;
  readonly bounds: Bounds;
  readonly step: number | null;
  readonly log: boolean;
  /** A heading, in the schema's language; "" for the rest. */
  readonly group: string;
  /** The part it stands in, below the group: "Optimizer"; "" if none. */
  readonly part: string;
  /** Whether it may change during a run. */
  readonly live: boolean;
  /** It has an effect only where all of these hold. */
  readonly only: readonly Condition[];
  readonly choices: readonly string[];
  /** A reader's words for them, where a choice is none itself. */
  readonly words: Readonly<Record<string, string>>;
  /** Endings of the files that it takes. */
  readonly endings: readonly string[];
  /** What ships that it may name; of files. */
  readonly names: readonly string[];
  /** Of a list. */
  readonly maxItems: number;
  readonly items: Bounds;
}

export interface Group {
  readonly title: string;
  readonly settings: readonly Setting[];
}

/** Values that are each allowed, and not together (`conflicts.ts`). */
export interface Conflict {
  /** Where it is told. */
  readonly field: string;
  /** English, as the Python error; `{path}` stands for a setting's value. */
  readonly message: string;
  /** All of this holds where they conflict. */
  readonly where: readonly Condition[];
  /** The path of a setting than which `field` is greater; "" if none. */
  readonly above: string;
}

export interface Schema {
  readonly settings: readonly Setting[];
  readonly byPath: ReadonlyMap<string, Setting>;
  readonly groups: readonly Group[];
  readonly conflicts: readonly Conflict[];
}

type Needs = Readonly<Record<string, readonly unknown[] | { readonly not: readonly unknown[] }>>;

/** The part of JSON Schema that `Config.json_schema` writes. */
interface Node extends Bounds {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly unit?: string;
  readonly group?: string;
  readonly scale?: string;
  readonly step?: number;
  readonly live?: boolean;
  readonly file?: readonly string[];
  readonly names?: readonly string[];
  readonly only?: Needs;
  readonly choices?: Readonly<Record<string, string>>;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: Node;
  readonly maxItems?: number;
  readonly anyOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly conflicts?: readonly { readonly field: string; readonly message: string; readonly where: Needs; readonly above?: string }[];
}

/** Reads a schema; settings in its order, groups in the order in which they first occur. */
export function readSchema(schema: unknown): Schema {
  const { conflicts = [] } = schema as Node;
  const settings = [...iterateSettings(schema as Node, "", "", "")];
  const groups = new Map<string, Setting[]>();
  for (const setting of settings) {
    const group = groups.get(setting.group);
    if (group) group.push(setting);
    else groups.set(setting.group, [setting]);
  }
  return {
    settings,
    byPath: new Map(settings.map((setting) => [setting.path, setting])),
    groups: [...groups].map(([title, members]) => ({ title, settings: members })),
    conflicts: conflicts.map(({ field, message, where, above = "" }) => ({ field, message, where: readConditions(where), above })),
  };
}

function* iterateSettings(node: Node, prefix: string, group: string, part: string): Generator<Setting> {
  for (const [name, value] of Object.entries(node.properties ?? {})) {
    const path = prefix + name;
    const own = value.group ?? group;
    if (!value.properties) yield readSetting(path, value, own, part);
    // A part that is a group of its own needs no second heading.
    else yield* iterateSettings(value, `${path}.`, own, value.group ? "" : (value.title ?? ""));
  }
}

function readSetting(path: string, node: Node, group: string, part: string): Setting {
  const variants = node.anyOf ?? [node];
  const type = variants.find((variant) => variant.type !== "null") ?? node;
  const choices = type.enum ?? type.items?.enum ?? (type.const === undefined ? [] : [type.const]);
  return {
    path,
    title: node.title ?? path,
    description: node.description ?? "",
    unit: node.unit ?? "",
    kind: kindOf(node, type),
    optional: variants.some((variant) => variant.type === "null"),
    default: node.default ?? null,
    bounds: boundsOf(type),
    step: node.step ?? null,
    log: node.scale === "log",
    group,
    part,
    live: node.live ?? false,
    only: readConditions(node.only ?? {}),
    choices: choices.map(String),
    words: node.choices ?? {},
    endings: node.file ?? [],
    names: node.names ?? [],
    maxItems: type.maxItems ?? Infinity,
    items: boundsOf(type.items ?? {}),
  };
}

function readConditions(needs: Needs): Condition[] {
  return Object.entries(needs).map(([path, wanted]) =>
    "not" in wanted ? { path, values: wanted.not, not: true } : { path, values: wanted, not: false },
  );
}

function kindOf(node: Node, type: Node): Kind {
  if (node.file) return "file";
  if (type.enum || type.const !== undefined) return "choice";
  switch (type.type) {
    case "integer":
    case "number":
    case "boolean":
      return type.type;
    case "array":
      if (type.items?.enum) return "choices";
      return type.items?.type === "integer" || type.items?.type === "number" ? "list" : "texts";
    default:
      return "text";
  }
}

function boundsOf(node: Node): Bounds {
  const names = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"] as const;
  return Object.fromEntries(names.filter((name) => node[name] !== undefined).map((name) => [name, node[name]]));
}

/** Whether two values of a setting are the same. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => isSame(item, b[i]));
  }
  return Object.is(a, b) || (a === 0 && b === 0);
}

export type Values = Readonly<Record<string, unknown>>;

/**
 * The condition because of which a setting has no effect, or null if it has one. A setting whose
 * condition looks at one without effect has none either, and the deepest reason is given.
 */
export function findUnmet(schema: Schema, path: string, values: Values, depth = 0): Condition | null {
  for (const condition of schema.byPath.get(path)?.only ?? []) {
    const deeper = depth < 8 ? findUnmet(schema, condition.path, values, depth + 1) : null;
    if (deeper) return deeper;
    if (!isMet(condition, values)) return condition;
  }
  return null;
}

/** Whether another setting is as a condition says; of a list, one entry is enough, as in Python. */
export function isMet(condition: Condition, values: Values): boolean {
  const value = values[condition.path];
  const isAmong = isWanted(condition, value) || (Array.isArray(value) && value.some((entry) => isWanted(condition, entry)));
  return isAmong !== condition.not;
}

function isWanted(condition: Condition, value: unknown): boolean {
  return condition.values.some((wanted) => isSame(wanted, value));
}

/** Every setting at its default. */
export function defaultValues(schema: Schema): Record<string, unknown> {
  return Object.fromEntries(schema.settings.map((setting) => [setting.path, setting.default]));
}

/** The paths whose values differ, in the order of the schema. */
export function listDifferences(schema: Schema, a: Values, b: Values): string[] {
  return schema.settings.map((setting) => setting.path).filter((path) => !isSame(a[path], b[path]));
}
