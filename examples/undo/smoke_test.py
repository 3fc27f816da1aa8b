"""The health gate's command. Yours asks the machine; the simulated one cannot be asked, so this asks its simulator.

To it an image of Debian is a bad one. Exit status 0 says that the new system is good.
"""

import json
import os
import sys
import urllib.request

cloud, instance_id = os.environ["ZENLAYERCLOUD_DOMAIN"], os.environ["ZEC_INSTANCE_ID"]
with urllib.request.urlopen(f"http://{cloud}/_simulator/instances/{instance_id}", timeout=5) as answer:
    image_id = json.load(answer)["imageId"]
if image_id.startswith("debian"):
    sys.exit("the shop does not start on Debian")
