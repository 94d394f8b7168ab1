"""Pictures of groups, organizations and users: the address that is kept (`image_upload`, `clear_upload`)."""

from lienthong.ckan.call import Call
from lienthong.ckan.parameters import Params, flag


async def picture(call: Call, _: str) -> Params:
    """The parameters with `image_url` as it is to be kept."""
    params = {name: value for name, value in call.params.items() if name not in ("image_upload", "clear_upload")}
    if flag(call.params, "clear_upload") and not params.get("image_url"):
        params["image_url"] = ""
    return params
