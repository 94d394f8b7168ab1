"""The tables that make a SQLite file a GeoPackage (OGC 12-128r18, annexes C and F.3)."""

from collections.abc import Iterable, Sequence

_WGS84 = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],'
    'AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],'
    'UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]]'
)
BEGINNING = f"""
pragma application_id = 1196444487;
pragma user_version = 10300;
pragma journal_mode = off;
pragma synchronous = off;
create table gpkg_spatial_ref_sys (srs_name text not null, srs_id integer primary key, organization text not null,
  organization_coordsys_id integer not null, definition text not null, description text);
insert into gpkg_spatial_ref_sys values
  ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined Cartesian coordinate reference system'),
  ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system'),
  ('WGS 84 geodetic', 4326, 'EPSG', 4326, '{_WGS84}', 'longitude and latitude in decimal degrees');
create table gpkg_contents (table_name text not null primary key, data_type text not null, identifier text unique,
  description text default '', last_change datetime not null default (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x double, min_y double, max_x double, max_y double, srs_id integer,
  constraint fk_gc_r_srs_id foreign key (srs_id) references gpkg_spatial_ref_sys(srs_id));
create table gpkg_geometry_columns (table_name text not null, column_name text not null,
  geometry_type_name text not null, srs_id integer not null, z tinyint not null, m tinyint not null,
  constraint pk_geom_cols primary key (table_name, column_name), constraint uk_gc_table_name unique (table_name),
  constraint fk_gc_tn foreign key (table_name) references gpkg_contents(table_name),
  constraint fk_gc_srs foreign key (srs_id) references gpkg_spatial_ref_sys (srs_id));
create table gpkg_extensions (table_name text, column_name text, extension_name text not null,
  definition text not null, scope text not null, constraint ge_tce unique (table_name, column_name, extension_name));
create table gpkg_data_columns (table_name text not null, column_name text not null, name text, title text,
  description text, mime_type text, constraint_name text,
  constraint pk_gdc primary key (table_name, column_name), constraint gdc_tn unique (table_name, name));
create table gpkg_ogr_contents (table_name text not null primary key, feature_count integer default null);
create table gpkg_data_column_constraints (constraint_name text not null, constraint_type text not null, value text,
  min numeric, min_is_inclusive boolean, max numeric, max_is_inclusive boolean, description text,
  constraint gdcc_ntv unique (constraint_name, constraint_type, value));
"""
CONTENTS = "insert into gpkg_contents values (?, 'features', ?, ?, ?, ?, ?, ?, ?, ?)"
GEOMETRY = "insert into gpkg_geometry_columns values (?, ?, ?, ?, 0, 0)"
COLUMN = "insert into gpkg_data_columns (table_name, column_name, name, title, description) values (?, ?, ?, ?, ?)"
EXTENSION = "insert into gpkg_extensions values (?, ?, ?, ?, ?)"
COUNT = "insert into gpkg_ogr_contents values (?, ?)"  # GDAL's own: the number of rows without counting
_SPECIFICATION = "http://www.geopackage.org/spec121/#extension_"


def name(text: str) -> str:
    """A quoted identifier."""
    return '"' + text.replace('"', '""') + '"'


def feature_table(table: str, geometry: str, kind: str, columns: Sequence[tuple[str, str]]) -> str:
    """The statement that makes the table of features; `fid` is its key."""
    listed = "".join(f", {name(column)} {type_}" for column, type_ in columns)
    return (
        f"create table {name(table)} (fid integer primary key autoincrement not null, {name(geometry)} {kind}{listed})"
    )


def extensions(table: str, geometry: str) -> Iterable[tuple[str | None, str | None, str, str, str]]:
    """What is used beyond the core: the spatial index, and titles of columns."""
    yield (table, geometry, "gpkg_rtree_index", _SPECIFICATION + "rtree", "write-only")
    for part in ("gpkg_data_columns", "gpkg_data_column_constraints"):
        yield (part, None, "gpkg_schema", _SPECIFICATION + "schema", "read-write")


def index_table(table: str, geometry: str) -> str:
    """The statement that makes the spatial index."""
    return f"create virtual table {name(f'rtree_{table}_{geometry}')} using rtree(id, minx, maxx, miny, maxy)"


def triggers(table: str, geometry: str) -> Iterable[str]:
    """What keeps the index right when somebody edits the file (F.3); the ST_ functions are the editing program's."""
    index, t, g = name(f"rtree_{table}_{geometry}"), name(table), name(geometry)
    box = f"NEW.fid, ST_MinX(NEW.{g}), ST_MaxX(NEW.{g}), ST_MinY(NEW.{g}), ST_MaxY(NEW.{g})"
    there = f"(NEW.{g} NOTNULL AND NOT ST_IsEmpty(NEW.{g}))"
    empty = f"(NEW.{g} ISNULL OR ST_IsEmpty(NEW.{g}))"
    put, drop = f"INSERT OR REPLACE INTO {index} VALUES ({box});", f"DELETE FROM {index} WHERE id = OLD.fid;"
    both = f"DELETE FROM {index} WHERE id IN (OLD.fid, NEW.fid);"
    events = (
        ("insert", "INSERT", f"WHEN {there}", put),
        ("update1", f"UPDATE OF {g}", f"WHEN OLD.fid = NEW.fid AND {there}", put),
        ("update2", f"UPDATE OF {g}", f"WHEN OLD.fid = NEW.fid AND {empty}", drop),
        ("update3", "UPDATE", f"WHEN OLD.fid != NEW.fid AND {there}", drop + " " + put),
        ("update4", "UPDATE", f"WHEN OLD.fid != NEW.fid AND {empty}", both),
        ("delete", "DELETE", f"WHEN OLD.{g} NOT NULL", drop),
    )
    for kind, event, condition, body in events:
        trigger = name(f"rtree_{table}_{geometry}_{kind}")
        yield f"CREATE TRIGGER {trigger} AFTER {event} ON {t} {condition} BEGIN {body} END"
