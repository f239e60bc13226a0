import protobuf from 'protobufjs'

/** A field of a message that its definition here does not have: somebody newer sent it. */
export interface UnknownField {
  /** Names of the fields on the way to it, such as `whitelist`. */
  readonly path: readonly string[]
  readonly number: number
}

/**
 * What a decoder passes over in silence. A filter that is passed over matches everything, so whoever answers must know.
 *
 * @throws Error when the bytes are not a message.
 */
export function unknownFields(type: protobuf.Type, bytes: Uint8Array): UnknownField[] {
  const reader = protobuf.Reader.create(bytes)
  const found: UnknownField[] = []
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    const number = tag >>> 3
    const field = type.fieldsById[number]
    if (field?.resolvedType instanceof protobuf.Type && (tag & 7) === 2)
      for (const { path, ...rest } of unknownFields(field.resolvedType, reader.bytes()))
        found.push({ path: [field.name, ...path], ...rest })
    else {
      if (!field) found.push({ path: [], number })
      reader.skipType(tag & 7)
    }
  }
  return found
}
