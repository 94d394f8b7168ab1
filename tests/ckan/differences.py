"""Where our answer differs from the recorded CKAN 2.12.0 on purpose, and why; docs/ckan.md tells the same to people."""

import re
from dataclasses import dataclass

from tests.ckan.compare import Difference


@dataclass(frozen=True)
class Deliberate:
    """`calls`: pattern of recorded ids; `places`: pattern of the places in an answer that it explains."""

    calls: str
    places: str
    reason: str
    always: bool = True  # does every replay show it?

    def explains(self, call: str, difference: Difference) -> bool:
        """Is this difference meant?"""
        return bool(re.fullmatch(self.calls, call) and re.fullmatch(self.places, difference.place))


ANYTHING = r".*"
DELIBERATE = [
    # Our own name, words and pages.
    Deliberate(r"status_show.*|transport\..*", r"\$\.result\.(site_title|site_description|locale_default|extensions).*",
               "our own name, language and extensions"),
    Deliberate(r"config_option_show", r"\$\.result", "our own name"),
    Deliberate(r"transport\.(post\.json_charset|post\.args_and_body|get\.json_body)|help_show.*", r"\$\.result",
               "help_show tells what the action does here"),
    Deliberate(r"html /(sitemap\.xml|catalog\.rdf|dataset/chat-luong-nuoc\.(rdf|json))", ANYTHING, "we have it"),
    # More is accepted.
    Deliberate(r"site_read", ANYTHING, "older clients ask it; 2.12 does not know it"),
    Deliberate(r"package_show\.name_or_id_param", ANYTHING, "accepted: datopian's client sends it"),
    Deliberate(r"auth\.(x_ckan_api_key|bearer|token_prefix)", ANYTHING,
               "both headers, with or without Bearer or Token, are taken: ckan.js sends only X-CKAN-API-Key"),
    Deliberate(r"datastore_search_sql\.cte|dump\.alias", ANYTHING, "WITH and aliases work"),
    # CKAN's crashes (500): an answer, or an error with a reason.
    Deliberate(r"transport\.get\.repeated_param|package_show\.id_int|resource_create\.upload_wrong_field"
               r"|vocabulary_delete\.nonempty|datastore_search_sql\.(types|missing|div0)|dump\.(bad_format|unknown_filter)"
               r"|datastore_upsert\.insert_many_include_records|html /organization/so-y-te", ANYTHING, "CKAN crashes (500)"),
    # Better on purpose.
    Deliberate(r"auth\.authorization.*", r"\$\.result\.length", "the administrator's token comes from outside and is not in a list"),
    Deliberate(r"user_.*|organization_.*|group_.*|get_site_user.*", r".*\.apikey", "there are no legacy API keys"),
    Deliberate(r"followee_count", r"\$\.result", "users, datasets and groups are counted; CKAN counts groups only"),
    Deliberate(r"user_invite", r"\$\.error\.message", "no e-mail is sent: the reason is another one"),
    Deliberate(r"(package_show|resource_show|package_activity_list)\..*", r"\$\.error\.message",
               "the id of a private dataset is not told to whoever asked by its name"),
    Deliberate(r"resource_create\.upload_fake_pdf", ANYTHING, "an upload that is not what it says is refused"),
    Deliberate(ANYTHING, r".*\.extras", "extras keep the order in which they were given"),
    Deliberate(r"package_search\..*", r"\$\.error\.message", "the search engine's own words"),
    Deliberate(r"package_search\.fl_star", r"\$\.result\.results\[0\]\.(data_dict|validated_data_dict|index_id|indexed_ts)",
               "what CKAN's index keeps for itself"),
    Deliberate(r"datastore_(search|upsert|create|delete|search_sql)\..*", r"\$\.error\.info\.(statement|params|orig).*",
               "no SQL in answers"),
    Deliberate(r"datastore_info.*", r".*\.index_name", "a generated name"),
    Deliberate(r"datastore_search\.table_metadata", r".*\.(_id|oid)", "generated numbers"),
    Deliberate(r"datastore_(create\.guess_types|info\.guess|search\.guess|delete\.force)", ANYTHING,
               "true and false are guessed to be truths, so that the rows are taken (CKAN: a whole number, refused)"),
    Deliberate(r"datastore_search\.after_triggers", ANYTHING, "two rows that CKAN crashed on are there"),
    Deliberate(r"datastore_search\.after_run_triggers", ANYTHING, "what triggers changed is kept (CKAN never commits it)"),
    Deliberate(r"(package_patch|package_revise|package_activity_list|user_activity_list|activity_(show|diff))(\..*)?",
               r".*(num_resources|resources\.length|result\.length|diff)", "the upload that is not what it says is not there"),
    Deliberate(r"package_search\.fl_star", r".*\.res_\w+\.length", "the upload that is not what it says is not there"),
    Deliberate(r"organization_(patch|update|show\.after_update)|package_search\.(fq_not|form_post)",
               r".*(package_count|packages.*|result\.count|organization\.(title|description))",
               "counts and titles are those of now: CKAN's index learns neither that a dataset has another organization nor"
               " that an organization has another title"),
    Deliberate(r"user_invite", r"\$\.error\.message", "this site sends no e-mail"),
    Deliberate(r"get_site_user\.sysadmin", r".*apikey", "there are no legacy API keys"),
    Deliberate(r"followee_count", r"\$\.result", "all that one follows is counted"),
    # Of no promised order in CKAN.
    Deliberate(r"tag_(autocomplete|list|search)\..*|user_autocomplete.*|util\.user_autocomplete", r"\$(\.result.*)?",
               "by name; CKAN's order is the database's"),
    Deliberate(r"datastore_search\.(q_prefix|q_dict|q_rank_field|distinct_two)|datastore_search_sql\.full_text_col", r"\$\.result\.records.*",
               "rows of one rank, or without an order, by _id; CKAN's order is the database's"),
    Deliberate(r"datastore_upsert\.insert_dup", r"\$\.error\.records.*", "a generated name"),
    Deliberate(r"datastore_search_sql\.unquoted_uuid", r"\$\.error\.message", "the words depend on the digits of the id", always=False),
    Deliberate(r"datastore_search_sql\.star", r".*_full_text", "of a JSON value only its values are words"),
    Deliberate(r"datastore_search_sql\.nobigrows", r"\$\.result\.records.*", "rows without an order", always=False),
    Deliberate(r"html /robots\.txt", r"\$text", "our own words to robots"),
]  # fmt: skip


def reason(call: str, difference: Difference) -> str | None:
    """Why the difference is meant, or None."""
    return next((given.reason for given in DELIBERATE if given.explains(call, difference)), None)
