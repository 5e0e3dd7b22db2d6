// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Head} from "settlement/Records.sol";
import {Registry} from "settlement/Registry.sol";
import {Settlement} from "settlement/Settlement.sol";
import {Rig} from "./Rig.sol";

/// @title Parties, keys and caps
contract RegistryTest is Rig {
    uint40 private constant NEVER = type(uint40).max;

    function setUp() public {
        _openAll();
        vm.warp(START + 10 days);
        target.deposit(a.owner, b.owner, true, 1e12);
    }

    function _settle(Head memory head, uint256 keyA, uint256 keyB) private {
        target.settle(head, _sign(head, keyA), _sign(head, keyB));
    }

    function _refuses(Head memory head, uint256 keyA, uint256 keyB, bytes memory reason) private {
        (bytes memory sigA, bytes memory sigB) = (_sign(head, keyA), _sign(head, keyB));
        vm.expectRevert(reason);
        target.settle(head, sigA, sigB);
    }

    function _over(uint256 key, uint256 until, bool revoked) private view returns (bytes memory) {
        return abi.encodeWithSelector(Registry.KeyOver.selector, a.owner, vm.addr(key), until, revoked);
    }

    function test_needsTokenAndRegistrar() public {
        vm.expectRevert(abi.encodeWithSelector(Registry.ZeroAddress.selector));
        new Settlement(IERC20(address(0)), REGISTRAR);
        vm.expectRevert(abi.encodeWithSelector(Registry.ZeroAddress.selector));
        new Settlement(IERC20(address(token)), address(0));
        _sure(target.registrar() == REGISTRAR && address(target.token()) == address(token), "immutables");
    }

    function test_registersOnce() public {
        (Registry.Party memory party, address signer) = target.partyOf(a.owner);
        _sure(signer == a.signer && party.since == START && party.until == NEVER, "party");
        Registry.Key memory key = target.keyOf(a.signer);
        _sure(key.owner == a.owner && key.since == START && key.until == NEVER && !key.revoked, "key");
        _same(target.dailyCapOf(a.owner), target.NO_CAP(), "no cap");
        Who memory who = _who(9);
        bytes memory pop = _pop(who.owner, who.hot);
        vm.expectRevert(abi.encodeWithSelector(Registry.NotRegistrar.selector, address(this)));
        target.register(who.owner, who.signer, pop);
        bytes memory other = _pop(a.owner, who.hot);
        vm.prank(REGISTRAR);
        vm.expectRevert(abi.encodeWithSelector(Registry.AlreadyRegistered.selector, a.owner));
        target.register(a.owner, who.signer, other);
        vm.prank(REGISTRAR);
        vm.expectRevert(abi.encodeWithSelector(Registry.WrongSigner.selector, who.owner, address(0)));
        target.register(who.owner, who.signer, "");
        bytes memory forAnother = _pop(who.owner, who.cold);
        vm.prank(REGISTRAR);
        vm.expectRevert(abi.encodeWithSelector(Registry.WrongSigner.selector, who.owner, who.owner));
        target.register(who.owner, who.signer, forAnother);
        for (uint256 turn = 0; turn < 2; turn++) {
            vm.prank(REGISTRAR);
            vm.expectRevert(abi.encodeWithSelector(Registry.ZeroAddress.selector));
            target.register(turn == 0 ? address(0) : who.owner, turn == 0 ? who.signer : address(0), pop);
        }
    }

    function test_takesEachKeyOnce() public {
        bytes memory own = _pop(a.owner, a.cold);
        vm.prank(a.owner);
        vm.expectRevert(abi.encodeWithSelector(Registry.KeyTaken.selector, a.owner));
        target.rotate(a.owner, own);
        bytes memory foreign = _pop(a.owner, b.hot);
        vm.prank(a.owner);
        vm.expectRevert(abi.encodeWithSelector(Registry.KeyTaken.selector, b.signer));
        target.rotate(b.signer, foreign);
        (address first, uint256 key) = (a.signer, a.hot);
        _rotate(a, 501);
        bytes memory again = _pop(a.owner, key);
        vm.prank(a.owner);
        vm.expectRevert(abi.encodeWithSelector(Registry.KeyTaken.selector, first));
        target.rotate(first, again);
        Who memory stranger = _who(9);
        bytes memory pop = _pop(stranger.owner, stranger.hot);
        vm.prank(stranger.owner);
        vm.expectRevert(abi.encodeWithSelector(Registry.UnknownParty.selector, stranger.owner));
        target.rotate(stranger.signer, pop);
    }

    function test_rotatedKeyStaysGoodForAWindow() public {
        uint256 former = a.hot;
        uint256 rotated = block.timestamp;
        Head memory before = _head(1, 5, 0);
        _rotate(a, 502);
        (, address signer) = target.partyOf(a.owner);
        _sure(signer == vm.addr(502), "next signer");
        vm.warp(rotated + 1);
        _refuses(_head(1, 5, 0), former, b.hot, _over(former, rotated, false));
        // A second rotation neither shortens nor prolongs the time of the first key.
        vm.warp(rotated + 20 days);
        _rotate(a, 503);
        vm.warp(rotated + 30 days);
        _settle(before, former, b.hot);
        Head memory late = before;
        (late.seq, late.cumA) = (2, 6);
        vm.warp(rotated + 30 days + 1);
        _refuses(late, former, b.hot, _over(former, rotated, false));
        _settle(late, 502, b.hot);
        late.seq = 3;
        _settle(late, 503, b.hot);
        late.seq = 4;
        _settle(late, a.cold, b.cold);
    }

    function test_revokedKeySignsNothingAnyMore() public {
        Head memory head = _head(1, 5, 0);
        vm.prank(b.owner);
        vm.expectRevert(abi.encodeWithSelector(Registry.NoKey.selector, b.owner, a.signer));
        target.revoke(a.signer);
        vm.prank(address(0xBAD));
        vm.expectRevert(abi.encodeWithSelector(Registry.UnknownParty.selector, address(0xBAD)));
        target.revoke(a.signer);
        vm.prank(a.owner);
        target.revoke(a.signer);
        (, address signer) = target.partyOf(a.owner);
        _sure(signer == address(0), "no signer");
        uint256 revokedAt = block.timestamp;
        _refuses(head, a.hot, b.hot, _over(a.hot, revokedAt, true));
        vm.prank(a.owner);
        vm.expectRevert(abi.encodeWithSelector(Registry.NoKey.selector, a.owner, a.signer));
        target.revoke(a.signer);
        _settle(head, a.cold, b.hot);
        uint256 former = a.hot;
        _rotate(a, 504);
        head.seq = 2;
        _refuses(head, former, b.hot, _over(former, revokedAt, true));
        _settle(head, 504, b.hot);
    }

    function test_revokesARotatedKeyToo() public {
        (uint256 former, uint256 rotated) = (a.hot, block.timestamp);
        Head memory head = _head(1, 5, 0);
        _rotate(a, 505);
        vm.warp(rotated + 1 days);
        vm.prank(a.owner);
        target.revoke(vm.addr(former));
        (, address signer) = target.partyOf(a.owner);
        _sure(signer == vm.addr(505), "the present signer stays");
        _refuses(head, former, b.hot, _over(former, rotated, true));
        _settle(head, 505, b.hot);
    }

    function test_retiresWithoutBackdating() public {
        uint40 now_ = uint40(block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(Registry.NotRegistrar.selector, address(this)));
        target.retire(a.owner, 0);
        vm.prank(REGISTRAR);
        vm.expectRevert(abi.encodeWithSelector(Registry.BadRetirement.selector, now_ - 1, now_, NEVER));
        target.retire(a.owner, now_ - 1);
        vm.prank(REGISTRAR);
        target.retire(a.owner, now_ + 100);
        vm.prank(REGISTRAR);
        vm.expectRevert(abi.encodeWithSelector(Registry.BadRetirement.selector, now_ + 100, now_, now_ + 100));
        target.retire(a.owner, now_ + 100);
        vm.prank(REGISTRAR);
        target.retire(a.owner, 0);
        (Registry.Party memory party,) = target.partyOf(a.owner);
        _same(party.until, now_, "now");
        Head memory head = _head(1, 5, 0);
        _settle(head, a.hot, b.hot);
        vm.warp(now_ + 1);
        head = _head(2, 5, 0);
        _refuses(
            head,
            a.hot,
            b.hot,
            abi.encodeWithSelector(Registry.PartyNotValid.selector, a.owner, START, now_ + 1, START, now_)
        );
        vm.prank(REGISTRAR);
        vm.expectRevert(abi.encodeWithSelector(Registry.UnknownParty.selector, address(7)));
        target.retire(address(7), 0);
    }

    function test_refusesPeriodsBeforeRegistration() public {
        Head memory head = _head(1, 5, 0);
        head.start = START - 1;
        _refuses(
            head,
            a.hot,
            b.hot,
            abi.encodeWithSelector(Registry.PartyNotValid.selector, a.owner, START - 1, head.end, START, NEVER)
        );
    }

    function test_capHoldsHigherAtOnceAndLowerWithNotice() public {
        uint256 start = block.timestamp;
        vm.prank(a.owner);
        target.setDailyCap(100);
        _same(target.dailyCapOf(a.owner), target.NO_CAP(), "announced");
        vm.warp(start + 7 days - 1);
        _same(target.dailyCapOf(a.owner), target.NO_CAP(), "not yet");
        vm.warp(start + 7 days);
        _same(target.dailyCapOf(a.owner), 100, "lower");
        vm.prank(a.owner);
        target.setDailyCap(200);
        _same(target.dailyCapOf(a.owner), 200, "higher");
        vm.prank(a.owner);
        target.setDailyCap(50);
        vm.warp(start + 10 days);
        vm.prank(a.owner);
        target.setDailyCap(70);
        vm.warp(start + 15 days);
        _same(target.dailyCapOf(a.owner), 200, "the newer announcement counts");
        vm.warp(start + 17 days);
        _same(target.dailyCapOf(a.owner), 70, "70");
        vm.prank(address(9));
        vm.expectRevert(abi.encodeWithSelector(Registry.UnknownParty.selector, address(9)));
        target.setDailyCap(1);
        vm.expectRevert(abi.encodeWithSelector(Registry.UnknownParty.selector, address(9)));
        target.dailyCapOf(address(9));
    }

    function _exceeded(uint256 growth, uint256 allowed) private view returns (bytes memory) {
        return abi.encodeWithSelector(Settlement.DailyCapExceeded.selector, a.owner, growth, allowed);
    }

    function test_capCountsDaysSinceTheLastSettlement() public {
        vm.prank(a.owner);
        target.setDailyCap(100);
        // Deposited at day 10; the caps run from there.
        vm.warp(START + 20 days);
        _refuses(_head(1, 1101, 0), a.hot, b.hot, _exceeded(1101, 1100));
        _settle(_head(1, 1050, 0), a.hot, b.hot);
        _refuses(_head(2, 1101, 0), a.hot, b.hot, _exceeded(51, 50));
        _settle(_head(2, 1100, 0), a.hot, b.hot);
        _refuses(_head(3, 1101, 0), a.hot, b.hot, _exceeded(1, 0));
        vm.warp(START + 21 days);
        _settle(_head(3, 1100, 0), a.hot, b.hot);
        _settle(_head(4, 1110, 0), a.hot, b.hot);
        // What was not used up before a settlement is lost.
        vm.warp(START + 31 days);
        _settle(_head(5, 1111, 0), a.hot, b.hot);
        _refuses(_head(6, 1212, 0), a.hot, b.hot, _exceeded(101, 100));
        _settle(_head(6, 5000, 0), a.cold, b.hot);
        _settle(_head(7, 5000, 7), a.hot, b.hot);
        vm.warp(START + 32 days);
        vm.prank(a.owner);
        target.setDailyCap(0);
        vm.warp(START + 40 days);
        _refuses(_head(8, 5001, 7), a.hot, b.hot, _exceeded(1, 0));
        _settle(_head(8, 5000, 8), a.hot, b.hot);
    }

    function test_capRoundsUseUp() public {
        vm.prank(a.owner);
        target.setDailyCap(7 days);
        vm.warp(START + 20 days);
        _settle(_head(1, 1, 0), a.hot, b.hot);
        (Settlement.Pair memory pair,,) = target.pairOf(a.owner, b.owner);
        _same(pair.usedA, block.timestamp, "lost days");
        _settle(_head(2, 9, 0), a.hot, b.hot);
        (pair,,) = target.pairOf(a.owner, b.owner);
        _same(pair.usedA, block.timestamp + 2, "8 of 7 a second are 2 seconds");
        _same(pair.usedB, block.timestamp, "b used nothing");
    }

    function test_capOfAPairWithoutMoneyIsOneDay() public {
        vm.prank(a.owner);
        target.setDailyCap(100);
        vm.warp(START + 30 days);
        Head memory head = _headOf(a, c, 1, 101, 0);
        (bytes memory sigA, bytes memory sigC) = (_sign(head, a.hot), _sign(head, c.hot));
        vm.expectRevert(_exceeded(101, 100));
        target.settlePartial(head, sigA, sigC);
        head = _headOf(a, c, 1, 100, 0);
        target.settlePartial(head, _sign(head, a.hot), _sign(head, c.hot));
    }
}
