"""An agency explains a red light on its scorecard, and a leader answers it there."""

from __future__ import annotations

import sqlalchemy as sa

import words as w
from data_access import explanations
from pages.scorecard.sections import MOST_REASONS
from tests.pages.conftest import Visit


def test_a_red_light_is_explained_and_answered_where_it_is(shown_store: sa.Engine, visit: Visit) -> None:
    page = visit("scorecard", "bct").button(key="explain").click().run()
    page.text_area(key="explain_text").input("Chờ bố trí vốn đối ứng")
    page.selectbox(key="explain_whom").set_value("prime_minister")
    page.button(key="explain").click()  # here a click runs the whole page: the dialog is opened again with it
    page.button(key="explain_send").click().run()

    (row,) = (row for row in explanations.read(shown_store).iter_rows(named=True) if row["agency"] == "BCT")
    assert (row["text_vi"], row["addressed_to"], row["given_by"]) == ("Chờ bố trí vốn đối ứng", "prime_minister", "bct")
    assert "explain" not in {button.key for button in visit("scorecard", "langson", agency="BCT").button}
    page = visit("scorecard", "lanhdao", agency="BCT").button(key="explanation_answer").click().run()
    page.text_area(key=f"answer_{row['id']}").input("Đã giao Bộ Tài chính")
    page.button(key="explanation_answer").click()
    page.button(key="answer_send").click().run()

    page = visit("scorecard", "bct")
    told = [line.value for line in page.markdown if line.value.startswith(("**■", "**□"))]
    assert w.t(f"kpi.{row['kpi']}.name") in told[0]  # what is explained stands first
    (more,) = (one.label for one in page.expander if one.label.endswith("đèn đỏ khác"))
    assert len(told) - int(more.split()[0]) == MOST_REASONS
    texts = [str(text.value) for text in page.text]
    assert "Chờ bố trí vốn đối ứng" in texts
    assert "Đã giao Bộ Tài chính" in texts
    assert f"explanation_back_{row['id']}" not in {button.key for button in page.button}
    asked = w.t("scorecard.asks", whom=w.name("authority", "prime_minister"))
    assert asked in [caption.value for caption in page.caption]
    page = visit("ranking", "lanhdao")
    assert any(label.label == "✎ 1 chỉ số đỏ được cơ quan giải trình" for label in page.expander)
    assert any("✎" in str(cell) for table in page.dataframe for cell in table.value.to_numpy().flat)
