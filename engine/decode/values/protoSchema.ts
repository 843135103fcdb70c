/**
 * Messages of a `.proto` file or a descriptor set, as tables of fields for the walk in protobuf.ts. The library parses
 * and resolves names; its code generator is not used, since a schema may come with a store.
 */
import protobuf from 'protobufjs';
import 'protobufjs/ext/descriptor.js';
import type { Message, MessageField } from './protobuf.ts';

export interface ProtoSource {
  /** Text of a `.proto` file; what it imports is not read. */
  readonly proto?: string;
  /** A FileDescriptorSet (`protoc -o`) in base64. */
  readonly descriptor?: string;
  /** Name of the message; the first of the schema if absent. */
  readonly message?: string;
}

export type ProtoParse =
  | { readonly ok: true; readonly name: string; readonly message: Message }
  | { readonly ok: false; readonly why: string };

const SOURCE_MAX = 1 << 20;

export function parseProto(source: ProtoSource): ProtoParse {
  const given = source.proto ?? source.descriptor;
  if (given === undefined) return { ok: false, why: 'neither "proto" nor "descriptor" is given' };
  if (given.length > SOURCE_MAX) return { ok: false, why: 'the schema is too long' };
  try {
    const root = source.proto === undefined ? fromDescriptor(given) : protobuf.parse(given, { keepCase: true }).root;
    const type = source.message === undefined ? firstType(root) : root.lookupType(source.message);
    if (type === undefined) return { ok: false, why: 'the schema has no message' };
    return { ok: true, name: type.fullName.replace(/^\./, ''), message: messageOf(type, new Map()) };
  } catch (thrown) {
    return { ok: false, why: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

function fromDescriptor(base64: string): protobuf.Root {
  const binary = atob(base64.trim());
  const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0));
  const { fromDescriptor: read } = protobuf.Root as typeof protobuf.Root & {
    fromDescriptor(set: Uint8Array): protobuf.Root;
  };
  return read.call(protobuf.Root, bytes);
}

function firstType(space: protobuf.NamespaceBase): protobuf.Type | undefined {
  for (const inner of space.nestedArray) {
    if (inner instanceof protobuf.Type) return inner;
    if (inner instanceof protobuf.Namespace) {
      const found = firstType(inner);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** `known`: messages that have been made already, since a message may hold itself. */
function messageOf(type: protobuf.Type, known: Map<protobuf.Type, Message>): Message {
  const made = known.get(type);
  if (made !== undefined) return made;
  const fields = new Map<number, MessageField>();
  known.set(type, fields);
  for (const field of type.fieldsArray) {
    field.resolve();
    fields.set(field.id, fieldOf(field, known));
  }
  return fields;
}

function fieldOf(field: protobuf.Field, known: Map<protobuf.Type, Message>): MessageField {
  const typed = { name: field.name, repeated: field.repeated, ...content(field, known) };
  if (!(field instanceof protobuf.MapField)) return typed;
  const entry: Message = new Map([
    [1, { name: 'key', repeated: false, scalar: field.keyType }],
    [2, { name: 'value', repeated: false, ...content(field, known) }],
  ]);
  return { name: field.name, repeated: true, isMap: true, message: () => entry };
}

function content(
  field: protobuf.Field,
  known: Map<protobuf.Type, Message>,
): Pick<MessageField, 'scalar' | 'names' | 'message'> {
  const { resolvedType } = field;
  if (resolvedType instanceof protobuf.Type) return { message: () => messageOf(resolvedType, known) };
  if (resolvedType instanceof protobuf.Enum) return { names: { ...resolvedType.valuesById } };
  return { scalar: field.type };
}
