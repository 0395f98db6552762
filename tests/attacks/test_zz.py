from tests.attacks.test_messages import *
def test_x(house, sign_in, refusals):
    with sign_in("lanhdao").tab() as own:
        hashes=own.rerun("").pages
        print({k:v for k,v in hashes.items()})
        for kw in (dict(page="upload"), dict(page_hash=hashes["upload"]), dict(page="upload"), dict(page="accounts"), dict(page="upload", query="x=1")):
            a=own.rerun(**kw)
            print(kw, a.kinds, [(k, getattr(e,"body","")) for k,e in a.elements()][-3:], refusals.new())
    import time; time.sleep(1); print(refusals.new())
    assert 0
