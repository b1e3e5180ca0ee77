/**
 * The types of the files every Protobuf compiler has at hand; they can be imported without a reference. Only their names are needed:
 * to resolve type names, and to compare them. Source: the Protobuf documentation of well-known and common types.
 */

export interface WellKnownFile {
  readonly package: string
  readonly messages: readonly string[]
  readonly enums: readonly string[]
}

const google = (messages: string, enums = ''): WellKnownFile => file('google.protobuf', messages, enums)
const common = (messages: string, enums = ''): WellKnownFile => file('google.type', messages, enums)

function file(packageName: string, messages: string, enums = ''): WellKnownFile {
  const words = (text: string): readonly string[] => text.split(' ').filter((word) => word !== '')
  return { package: packageName, messages: words(messages), enums: words(enums) }
}

export const WELL_KNOWN_FILES: ReadonlyMap<string, WellKnownFile> = new Map([
  ['google/protobuf/any.proto', google('Any')],
  ['google/protobuf/api.proto', google('Api Method Mixin')],
  [
    'google/protobuf/descriptor.proto',
    google(
      'FileDescriptorSet FileDescriptorProto DescriptorProto DescriptorProto.ExtensionRange DescriptorProto.ReservedRange ExtensionRangeOptions ' +
        'FieldDescriptorProto OneofDescriptorProto EnumDescriptorProto EnumDescriptorProto.EnumReservedRange EnumValueDescriptorProto ' +
        'ServiceDescriptorProto MethodDescriptorProto FileOptions MessageOptions FieldOptions OneofOptions EnumOptions EnumValueOptions ' +
        'ServiceOptions MethodOptions UninterpretedOption UninterpretedOption.NamePart FeatureSet FeatureSetDefaults SourceCodeInfo ' +
        'SourceCodeInfo.Location GeneratedCodeInfo GeneratedCodeInfo.Annotation',
      'Edition FieldDescriptorProto.Type FieldDescriptorProto.Label FileOptions.OptimizeMode FieldOptions.CType FieldOptions.JSType ' +
        'MethodOptions.IdempotencyLevel',
    ),
  ],
  ['google/protobuf/duration.proto', google('Duration')],
  ['google/protobuf/empty.proto', google('Empty')],
  ['google/protobuf/field_mask.proto', google('FieldMask')],
  ['google/protobuf/source_context.proto', google('SourceContext')],
  ['google/protobuf/struct.proto', google('Struct Value ListValue', 'NullValue')],
  ['google/protobuf/timestamp.proto', google('Timestamp')],
  ['google/protobuf/type.proto', google('Type Field Enum EnumValue Option', 'Field.Kind Field.Cardinality Syntax')],
  [
    'google/protobuf/wrappers.proto',
    google('DoubleValue FloatValue Int64Value UInt64Value Int32Value UInt32Value BoolValue StringValue BytesValue'),
  ],
  ['google/type/calendar_period.proto', common('', 'CalendarPeriod')],
  ['google/type/color.proto', common('Color')],
  ['google/type/date.proto', common('Date')],
  ['google/type/datetime.proto', common('DateTime TimeZone')],
  ['google/type/dayofweek.proto', common('', 'DayOfWeek')],
  ['google/type/decimal.proto', common('Decimal')],
  ['google/type/expr.proto', common('Expr')],
  ['google/type/fraction.proto', common('Fraction')],
  ['google/type/interval.proto', common('Interval')],
  ['google/type/latlng.proto', common('LatLng')],
  ['google/type/money.proto', common('Money')],
  ['google/type/month.proto', common('', 'Month')],
  ['google/type/phone_number.proto', common('PhoneNumber PhoneNumber.ShortCode')],
  ['google/type/postal_address.proto', common('PostalAddress')],
  ['google/type/quaternion.proto', common('Quaternion')],
  ['google/type/timeofday.proto', common('TimeOfDay')],
  ['confluent/meta.proto', file('confluent', 'Meta')],
  ['confluent/type/decimal.proto', file('confluent.type', 'Decimal')],
])
