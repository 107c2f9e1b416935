package project

import (
	"maps"
	"testing"
)

func TestContractVersion(t *testing.T) {
	hashes := map[string]string{"milestone": "1", "features/a.feature": "2", "fixtures/golden/M1.output.json": "3"}
	version := ContractVersion(hashes)
	if len(version) != 16 || ContractVersion(nil) != "" {
		t.Errorf("got %q, and %q of no hashes", version, ContractVersion(nil))
	}
	golden, feature := maps.Clone(hashes), maps.Clone(hashes)
	golden["fixtures/golden/M1.output.json"] = "4"
	feature["features/a.feature"] = "4"
	if ContractVersion(golden) != version || ContractVersion(feature) == version {
		t.Errorf("%s: another golden output %s, another feature %s", version, ContractVersion(golden), ContractVersion(feature))
	}
}
