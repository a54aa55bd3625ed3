//! Many opens at once: ten thousand followers of one signal.
//!
//! A row says exactly what [`RiskBook::admit`] would. Rows of everyday size are decided by `quick`;
//! everything else goes through `admit` itself.

use std::hint::black_box;

use super::book::RiskBook;
use super::figures::OpenRequest;
use super::quick::{Admitted, Quick, Said};
use super::reservations::Reservation;
use super::rows::{Admission, Admissions, OpenRows};
use crate::error::CoreError;
use crate::units::UsdE6;

/// Rows of a batch whose accounts are asked for together.
const AHEAD: usize = 16;

impl RiskBook {
    /// [`RiskBook::admit`] row by row, in order: a row sees the reservations of those before it.
    ///
    /// # Errors
    /// `AtRow` for the first impossible row; then nothing stays reserved.
    pub fn admit_batch(&mut self, requests: &[OpenRequest]) -> Result<Vec<Admission>, CoreError> {
        let mut out = Vec::with_capacity(requests.len());
        let row = |row: usize| requests.get(row).copied().map(Ok);
        self.admit_each(requests.len(), row, |said| out.push(said))?;
        Ok(out)
    }

    /// As [`RiskBook::admit_batch`], by columns.
    ///
    /// # Errors
    /// As [`RiskBook::admit_batch`]; a value outside of its unit is impossible too.
    pub fn admit_rows(&mut self, rows: &OpenRows<'_>) -> Result<Admissions, CoreError> {
        let mut out = Admissions::of(rows.user.len());
        let row = |row: usize| rows.row(row);
        self.admit_each(rows.user.len(), row, |said| out.push(&said))?;
        Ok(out)
    }

    #[inline]
    fn admit_each(
        &mut self,
        rows: usize,
        row: impl Fn(usize) -> Option<Result<OpenRequest, CoreError>>,
        mut said: impl FnMut(Admission),
    ) -> Result<(), CoreError> {
        let first = self.reservations.next();
        self.reservations.reserve(rows);
        let mut quick = Quick::new();
        let mut ahead = Vec::with_capacity(AHEAD);
        let (mut done, mut guess) = (0, 0);
        let failed = loop {
            ahead.clear();
            let mut impossible = None;
            for index in done..done + AHEAD {
                match row(index) {
                    Some(Ok(request)) => {
                        let place = self.accounts.place(request.user, guess);
                        guess = place.map_or(guess, |place| place + 1);
                        ahead.push((request, place));
                    }
                    Some(Err(error)) => {
                        impossible = Some(error);
                        break;
                    }
                    None => break,
                }
            }
            self.touch(&ahead);
            let answered = ahead.iter().try_for_each(|(request, place)| {
                said(self.admit_one(&mut quick, request, *place)?);
                done += 1;
                Ok(())
            });
            if let Err(error) = answered {
                break error;
            }
            match impossible {
                Some(error) => break error,
                None if ahead.len() < AHEAD => return Ok(()),
                None => {}
            }
        };
        // Numbers follow each other: those made here are those since the first.
        for made in first.into_iter().flat_map(|first| first..) {
            if self.reservations.next().is_none_or(|next| made >= next) {
                break;
            }
            self.release(made);
        }
        Err(failed.at_row(done))
    }

    #[inline]
    fn admit_one(
        &mut self,
        quick: &mut Quick,
        request: &OpenRequest,
        place: Option<usize>,
    ) -> Result<Admission, CoreError> {
        let said = place.and_then(|place| self.admit_quickly(quick, request, place));
        if let Some(said) = said {
            return Ok(said);
        }
        let verdict = self.admit(request)?;
        Ok(Admission {
            failure: verdict.failures.first().copied(),
            nearest_collateral: verdict.nearest_collateral,
            reservation: verdict.reservation,
        })
    }

    #[inline]
    fn admit_quickly(
        &mut self,
        quick: &mut Quick,
        request: &OpenRequest,
        place: usize,
    ) -> Option<Admission> {
        let id = self.reservations.next()?;
        let account = self.accounts.at_mut(place)?;
        let known = account.known(&self.markets, request.now).ok()?;
        let said = quick.judges(
            request,
            self.markets.get(request.market),
            self.policies.get(account.policy),
            account,
            &known,
        )?;
        let Admitted {
            notional,
            required,
            equity,
        } = match said {
            Said::Admitted(admitted) => admitted,
            Said::Refused(failure, nearest_collateral) => {
                account.anchor(request.now);
                return Some(Admission {
                    failure: Some(failure),
                    nearest_collateral,
                    reservation: 0,
                });
            }
        };
        account.reserved = account.reserved.checked_add(required).ok()?;
        account.roll(request.now, equity);
        account.opens.add_counted(request.now, notional, id);
        self.reservations.push(Reservation {
            user: request.user,
            amount: required,
            at: request.now,
        });
        Some(Admission {
            failure: None,
            nearest_collateral: UsdE6::ZERO,
            reservation: id,
        })
    }

    // Ten thousand accounts lie outside of the cache. Read one by one each would be waited for;
    // asked for together they come together.
    #[inline]
    fn touch(&self, ahead: &[(OpenRequest, Option<usize>)]) {
        let marks = self.markets.marks();
        let read = ahead.iter().fold(0, |read, (request, place)| {
            let account = place.and_then(|place| self.accounts.at(place));
            read ^ account.map_or(0, |account| account.touch(marks, request.now))
        });
        black_box(read);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::margin::Side;
    use crate::risk::{Limits, Market, Rule, UserState};
    use crate::units::{DAY_NS, E6, E10, MarketIx, PriceE10, RatioE10, TimeNs, UserIx};

    fn ratio(raw: i64) -> RatioE10 {
        RatioE10::new(raw).unwrap()
    }

    fn book() -> RiskBook {
        let mut book = RiskBook::new();
        let facts = Market {
            max_leverage: ratio(i64::MAX),
            threshold: ratio(85 * E10 / 100),
            open_fee: ratio(E10 / 1_000),
            ..Market::UNDECLARED
        };
        let market = MarketIx::new(1).unwrap();
        let is_open = true;
        book.set_market(market, Market { is_open, ..facts })
            .unwrap();
        let limits = Limits {
            max_leverage: ratio(i64::MAX),
            max_position: UsdE6::MAX,
            max_account_risk: ratio(E10 / 10),
            liquidation_buffer: ratio(E10 / 20),
            max_daily_loss: ratio(E10 / 5),
            opens_per_minute: 2,
            trades_per_day: 10,
            volume_hour: UsdE6::MAX,
            volume_day: UsdE6::MAX,
            max_losses_in_row: 1,
        };
        let cash = UsdE6::new(2_000 * E6).unwrap();
        let user = UserIx::new(7).unwrap();
        let state = UserState {
            user,
            cash,
            day_start_equity: cash,
            losses_in_row: 0,
            limits,
        };
        book.load_users(&[state]).unwrap();
        book
    }

    fn request() -> OpenRequest {
        OpenRequest {
            user: UserIx::new(7).unwrap(),
            market: MarketIx::new(1).unwrap(),
            side: Side::Long,
            collateral: UsdE6::new(100 * E6).unwrap(),
            leverage: ratio(10 * E10),
            price: PriceE10::new(1_000 * E10).unwrap(),
            stop: PriceE10::new(980 * E10).ok(),
            now: TimeNs::new(20_000 * DAY_NS).unwrap(),
        }
    }

    #[test]
    fn what_passes_passes_the_quick_way_until_it_does_not() {
        let (mut book, mut quick) = (book(), Quick::new());
        let mut next = |book: &mut RiskBook| {
            let said = book.admit_quickly(&mut quick, &request(), 0).unwrap();
            (said.reservation, said.failure)
        };
        assert_eq!(next(&mut book), (1, None));
        assert_eq!(next(&mut book), (2, None));
        // The third of this minute.
        let careful = book.admit(&request()).unwrap();
        assert_eq!(careful.failures.first().unwrap().rule, Rule::OpensPerMinute);
        assert_eq!(next(&mut book), (0, careful.failures.first().copied()));
        assert!(book.release(2));
        assert_eq!(next(&mut book), (3, None));
    }

    #[test]
    fn the_quick_way_refuses_to_judge_what_it_cannot_hold() {
        let usual = request();
        let raw = [1 << 50, (1 << 50) - 1];
        let [over, within] = raw.map(|raw| UsdE6::new(raw).unwrap());
        let stop = PriceE10::new(1 << 56).ok();
        for (row, quickly) in [
            (usual, true),
            (
                OpenRequest {
                    leverage: ratio(E10),
                    ..usual
                },
                true,
            ),
            (
                OpenRequest {
                    leverage: ratio(E10 - 1),
                    ..usual
                },
                false,
            ),
            (
                OpenRequest {
                    leverage: ratio(1 << 44),
                    stop: None,
                    ..usual
                },
                false,
            ),
            (
                OpenRequest {
                    collateral: over,
                    ..usual
                },
                false,
            ),
            (
                OpenRequest {
                    price: PriceE10::MAX,
                    stop: None,
                    ..usual
                },
                false,
            ),
            (
                OpenRequest {
                    side: Side::Short,
                    stop,
                    ..usual
                },
                false,
            ),
        ] {
            let said = book().admit_quickly(&mut Quick::new(), &row, 0);
            assert_eq!(said.is_some(), quickly, "{row:?}");
        }
        // A billion passes where somebody has it.
        let mut rich = book();
        rich.accounts.at_mut(0).unwrap().cash = UsdE6::new(i64::MAX / 2).unwrap();
        let row = OpenRequest {
            collateral: within,
            ..usual
        };
        assert!(rich.admit_quickly(&mut Quick::new(), &row, 0).is_some());
    }
}
