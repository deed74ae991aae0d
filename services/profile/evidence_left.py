"""Takes away what other customers' records still tell of somebody who was forgotten.

Two customers who were one by mistake each keep that they were merged, and the survivor's record what led to it:
identifiers that may be the other one's.
"""

from collections.abc import Sequence

from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from libs.mongo.shapes import MERGE_REPORTS, RECORDS

SOURCE = "merges.source_customer_id"
INDEX = Index(RECORDS, ((SOURCE, 1),), sparse=True)
MOST_OTHERS = 1000


async def forget_evidence(database: Database, customer_ids: Sequence[str]) -> None:
    """Empty the evidence of merges that others keep with these customers. Safe to repeat; by an index.

    The version goes on with it, so that a change under way does not write the evidence back.
    """
    mine = {"$in": list(customer_ids)}
    filters = [{"one.source_customer_id": mine}]
    with_evidence = {"merges": {"$elemMatch": {"source_customer_id": mine, "evidence.0": {"$exists": True}}}}
    with reading():
        found = database[RECORDS].find({SOURCE: mine, "_id": {"$nin": list(customer_ids)}}, {"_id": 1})
        others = [record["_id"] for record in await found.limit(MOST_OTHERS).to_list(MOST_OTHERS)]
        await database[RECORDS].update_many(
            {"_id": {"$in": others}, **with_evidence},
            {"$set": {"merges.$[one].evidence": []}, "$inc": {"version": 1}},
            array_filters=filters,
        )
        await database[MERGE_REPORTS].update_many(
            {"customer_id": {"$in": others}, f"before.{SOURCE}": mine},
            {"$set": {"before.merges.$[one].evidence": []}},
            array_filters=filters,
        )
