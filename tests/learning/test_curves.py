"""The training histories of networks, and the bounds beside them."""

from __future__ import annotations

from activenoise.learning.curves import bounds, curves


def test_histories_are_read_by_quantity_and_length(tmp_path):
    path = tmp_path / "lstm.csv"
    path.write_text('step,loss,validation[100],"rmse[D_a, 200]"\n1,9,0.7,1.0\n2,9,0.6,0.9\n')
    found = curves([path])
    assert set(found) == {"log_loss", "D_a"}
    assert found["log_loss"][100][1].tolist() == [0.7, 0.6]
    assert found["D_a"][200][0].tolist() == [1, 2]
    assert bounds(None, None) == {}
