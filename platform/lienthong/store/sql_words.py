"""What SQL typed by people may contain: kinds of nodes, functions, types and operators. All else is refused."""

_NODES = (
    "RawStmt SelectStmt ResTarget ColumnRef A_Star A_Const A_Expr A_ArrayExpr A_Indirection A_Indices BoolExpr "
    "NullTest BooleanTest CaseExpr CaseWhen CoalesceExpr MinMaxExpr FuncCall NamedArgExpr TypeCast TypeName "
    "SubLink RangeVar RangeSubselect RangeFunction JoinExpr Alias SortBy WindowDef WithClause CommonTableExpr "
    "GroupingSet GroupingFunc String Integer Float Boolean BitString RowExpr SQLValueFunction CollateClause"
)
NODES = frozenset(_NODES.split())

_MATH = (
    "abs cbrt ceil ceiling degrees div exp floor gcd lcm ln log log10 min_scale mod pi power radians round "
    "scale sign sqrt trim_scale trunc width_bucket acos acosd asin asind atan atand atan2 atan2d cos cosd cot "
    "cotd sin sind tan tand sinh cosh tanh random"
)
_TEXT = (
    "ascii bit_length btrim char_length character_length chr concat concat_ws decode encode format initcap "
    "left length lower lpad ltrim md5 normalize octet_length overlay position quote_ident quote_literal "
    "quote_nullable regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace "
    "regexp_split_to_array regexp_split_to_table regexp_substr repeat replace reverse right rpad rtrim sha224 "
    "sha256 sha384 sha512 split_part starts_with string_to_array string_to_table strpos substr substring "
    "to_ascii to_hex translate unistr upper"
)
_TIME = (
    "age clock_timestamp date_bin date_part date_trunc extract isfinite justify_days justify_hours "
    "justify_interval make_date make_interval make_time make_timestamp make_timestamptz now "
    "statement_timestamp timezone to_char to_date to_number to_timestamp transaction_timestamp overlaps date "
    "timeofday"
)
_AGGREGATES = (
    "array_agg avg bit_and bit_or bit_xor bool_and bool_or count every json_agg json_object_agg jsonb_agg "
    "jsonb_object_agg max min string_agg sum corr covar_pop covar_samp regr_avgx regr_avgy regr_count "
    "regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy stddev stddev_pop stddev_samp variance "
    "var_pop var_samp mode percentile_cont percentile_disc rank dense_rank percent_rank cume_dist row_number "
    "ntile lag lead first_value last_value nth_value"
)
_JSON = (
    "to_json to_jsonb array_to_json row_to_json json_build_array jsonb_build_array json_build_object "
    "jsonb_build_object json_object jsonb_object json_array_length jsonb_array_length json_each jsonb_each "
    "json_each_text jsonb_each_text json_extract_path jsonb_extract_path json_extract_path_text "
    "jsonb_extract_path_text json_object_keys jsonb_object_keys json_array_elements jsonb_array_elements "
    "json_array_elements_text jsonb_array_elements_text json_typeof jsonb_typeof json_strip_nulls "
    "jsonb_strip_nulls jsonb_pretty jsonb_set"
)
_ARRAYS = (
    "array_append array_cat array_dims array_length array_lower array_ndims array_position array_positions "
    "array_prepend array_remove array_replace array_to_string array_upper cardinality unnest num_nonnulls "
    "num_nulls generate_series generate_subscripts lower_inc upper_inc isempty"
)
_SEARCH = (
    "to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_rank ts_rank_cd "
    "ts_headline numnode querytree setweight strip tsvector_to_array array_to_tsvector tsquery_phrase"
)
FUNCTIONS = frozenset(" ".join((_MATH, _TEXT, _TIME, _AGGREGATES, _JSON, _ARRAYS, _SEARCH)).split())
# What the grammar itself writes for TRIM, POSITION, AT TIME ZONE, SIMILAR TO ...
_GRAMMAR = (
    "btrim ltrim rtrim extract position substring overlay timezone like_escape similar_to_escape "
    "similar_escape normalize is_normalized overlaps interval"
)
GRAMMAR = frozenset(_GRAMMAR.split())

_TYPES = (
    "text varchar bpchar char int2 int4 int8 numeric float4 float8 bool date time timetz timestamp timestamptz "
    "interval json jsonb uuid tsvector tsquery int4range int8range numrange daterange tsrange tstzrange bytea "
    "inet cidr"
)
TYPES = frozenset(_TYPES.split())
_OPERATORS = (
    "+ - * / % ^ |/ ||/ @ & | # ~ << >> = <> != < > <= >= || ~* !~ !~* ~~ ~~* !~~ !~~* @@ -> ->> #> #>> @> <@ "
    "? ?| ?& && -|- &< &> ^@ !!"
)
OPERATORS = frozenset(_OPERATORS.split())
# SQLValueFunction: the ones that tell the time; the others tell who one is.
CLOCKS = frozenset(range(9))
