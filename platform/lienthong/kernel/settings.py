"""Settings, all from the environment with the prefix `LIENTHONG_`."""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What can be set from outside. Every setting is documented in docs/settings.md."""

    model_config = SettingsConfigDict(env_prefix="LIENTHONG_", frozen=True)

    home: Path = Field(default=Path(".local"), description="where the private cluster, landing and releases live")
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=1, le=65535, description="port to listen on")
    database_url: SecretStr | None = Field(
        default=None, description="use this PostgreSQL database, not a private cluster"
    )
    admin_token: SecretStr | None = Field(default=None, description="an administrator's token fixed at start")
    sandbox_url: SecretStr | None = Field(
        default=None, description="where SQL typed by people runs; default: a second private cluster"
    )
    datasets: Path | None = Field(default=None, description="folder of definitions; default: the project's own")
    site_url: str | None = Field(default=None, description="the one public address; default: http://host:port")
    workers: int = Field(default=1, ge=1, le=64, description="server processes")
    demo_scale: float = Field(
        default=1.0, gt=0, le=100, description="size of the example; 1 = a province like Lạng Sơn"
    )
    pool_size: int = Field(default=4, ge=1, le=200, description="database connections of one process and role")

    anchors: str = Field(default="", description="further folders for the ledger's checkpoints, separated by colons")
    seal_limit_seconds: int = Field(
        default=14_400, ge=1, description="no personal data when an entry of the ledger waits longer for its seal"
    )

    budget_anonymous: int = Field(
        default=20_000_000, ge=0, description="what an address without a token may spend a minute, in rows; 0: no limit"
    )
    budget_known: int = Field(
        default=60_000_000, ge=0, description="what an agency or a person may spend a minute, in rows; 0: no limit"
    )
    kept_megabytes: int = Field(
        default=64, ge=0, le=100_000, description="memory of one process for answers about open releases; 0: none"
    )
    access_log: Path | None = Field(default=None, description="file of the access log: a JSON line for each request")

    files_url: str | None = Field(
        default=None, description="object storage for files of releases, s3://bucket/prefix; none: the folder releases"
    )
    files_endpoint: str | None = Field(default=None, description="address of the object storage, when it is not AWS")
    files_region: str = Field(default="us-east-1", description="region of the object storage")
    files_key: str | None = Field(default=None, description="access key of the object storage")
    files_secret: SecretStr | None = Field(default=None, description="secret key of the object storage")
    files_redirect: bool = Field(
        default=False, description="send readers to the object storage (an address that holds for ten minutes)"
    )

    upload_megabytes: int = Field(default=100, ge=1, le=10_000, description="largest file that may be uploaded")
    sql_rows: int = Field(
        default=1_000, ge=1, le=32_000, description="most rows of SQL typed by people without a LIMIT; with one: 32,000"
    )
    upload_quota_megabytes: int = Field(
        default=10_000, ge=0, description="what the uploads of an organization may take together; 0: no limit"
    )
    ckan_collaborators: bool = Field(default=False, description="let datasets have collaborators (CKAN's setting)")

    webhook_allow: str = Field(
        default="", description="hosts, or host:port, that webhooks may reach by http or at private addresses"
    )
    webhook_days: float = Field(default=3, gt=0, le=30, description="a webhook that fails for so many days is ended")

    federation_allow: str = Field(
        default="", description="hosts, or host:port, that push and harvest may reach by http or at private addresses"
    )

    graphql_batch: int = Field(default=5, ge=1, le=20, description="GraphQL operations in one request")
    graphql_introspection: bool = Field(default=True, description="tell the GraphQL schema to callers without a token")
    proxies: int = Field(default=0, ge=0, le=9, description="reverse proxies in front that add X-Forwarded-For")
    oidc_issuer: str | None = Field(default=None, description="OpenID Connect provider that people may sign in with")
    oidc_client_id: str | None = Field(default=None, description="our name at the provider")
    oidc_client_secret: SecretStr | None = Field(default=None, description="our secret at the provider")
    oidc_name: str = Field(default="OpenID Connect", description="what the sign-in page calls the provider")
    oidc_scope: str = Field(default="openid profile email", description="what is asked of the provider")
    oidc_match_claim: str | None = Field(
        default=None, description="claim that names an existing account; none: only accounts linked by their owners"
    )
    oidc_agency_claim: str | None = Field(default=None, description="claim that names the agency of a new person")
    oidc_new_role: Literal["analyst", "developer", "publisher"] | None = Field(
        default=None, description="role of people who are new here; none: nobody is taken in"
    )

    @property
    def public_url(self) -> str:
        """The address in links, without a slash at its end."""
        return (self.site_url or f"http://{self.host}:{self.port}").rstrip("/")


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
