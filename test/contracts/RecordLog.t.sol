// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Body, Head} from "settlement/Records.sol";
import {RecordLog} from "settlement/RecordLog.sol";
import {Registry} from "settlement/Registry.sol";
import {Settlement} from "settlement/Settlement.sol";
import {Rig} from "./Rig.sol";

/// @title Roots, blobs and published records
contract RecordLogTest is Rig {
    event Committed(address indexed by, uint64 indexed epoch, bytes32 root, uint32 count, bytes32[] blobs, bytes data);
    event BlobsAttached(address indexed by, uint64 indexed epoch, bytes32[] blobs);
    event Published(address indexed a, address indexed b, uint64 indexed seq, bytes32 digest, Head head, Body body, bytes sigA, bytes sigB);

    function setUp() public {
        _openAll();
        vm.warp(START + 10 days);
        target.deposit(a.owner, b.owner, true, 1e9);
    }

    function _leaf(bytes32 digest) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(keccak256(abi.encodePacked(digest))));
    }

    function _commit(Who memory who, uint64 epoch, bytes32 root) private {
        vm.prank(who.signer);
        target.commit(who.owner, epoch, root, 1, 0, "");
    }

    function test_rootsFollowOneAnotherAndStay() public {
        vm.expectEmit(true, true, true, true);
        emit Committed(a.owner, 1, "root", 3, new bytes32[](0), hex"abcd");
        vm.prank(a.owner);
        target.commit(a.owner, 1, "root", 3, 0, hex"abcd");
        RecordLog.Commitment memory found = target.commitmentOf(a.owner, 1);
        _sure(found.root == "root" && found.count == 3 && found.time == block.timestamp, "kept");
        for (uint64 turn = 0; turn < 2; turn++) {
            vm.prank(a.signer);
            vm.expectRevert(abi.encodeWithSelector(RecordLog.WrongEpoch.selector, 1 + 2 * turn, 2));
            target.commit(a.owner, 1 + 2 * turn, "other", 3, 0, "");
        }
        _commit(a, 2, "other");
        _sure(target.epochOf(a.owner) == 2 && target.commitmentOf(a.owner, 1).root == "root", "immutable");
        vm.prank(a.owner);
        vm.expectRevert(abi.encodeWithSelector(RecordLog.EmptyCommitment.selector));
        target.commit(a.owner, 3, 0, 3, 0, "");
        vm.prank(a.owner);
        vm.expectRevert(abi.encodeWithSelector(RecordLog.EmptyCommitment.selector));
        target.commit(a.owner, 3, "root", 0, 0, "");
        vm.expectRevert(abi.encodeWithSelector(RecordLog.NotParty.selector, address(this), a.owner));
        target.commit(a.owner, 3, "root", 1, 0, "");
        vm.expectRevert(abi.encodeWithSelector(Registry.UnknownParty.selector, address(this)));
        target.commit(address(this), 1, "root", 1, 0, "");
        vm.prank(REGISTRAR);
        target.retire(a.owner, 0);
        vm.warp(block.timestamp + 1);
        vm.prank(a.owner);
        vm.expectRevert(
            abi.encodeWithSelector(
                Registry.PartyNotValid.selector, a.owner, block.timestamp, block.timestamp, START, block.timestamp - 1
            )
        );
        target.commit(a.owner, 3, "root", 1, 0, "");
    }

    function test_blobsAreBound() public {
        bytes32[] memory blobs = new bytes32[](2);
        (blobs[0], blobs[1]) = (bytes32("one"), bytes32("two"));
        vm.prank(a.owner);
        vm.expectRevert(abi.encodeWithSelector(RecordLog.WrongBlobs.selector, 2, 0));
        target.commit(a.owner, 1, "root", 1, 2, "");
        vm.blobhashes(blobs);
        vm.prank(a.owner);
        vm.expectRevert(abi.encodeWithSelector(RecordLog.WrongBlobs.selector, 1, 2));
        target.commit(a.owner, 1, "root", 1, 1, "");
        vm.prank(a.owner);
        vm.expectRevert(abi.encodeWithSelector(RecordLog.WrongEpoch.selector, 1, 0));
        target.attachBlobs(a.owner, 1, 2);
        vm.expectEmit(true, true, true, true);
        emit Committed(a.owner, 1, "root", 1, blobs, "");
        vm.prank(a.owner);
        target.commit(a.owner, 1, "root", 1, 2, "");
        vm.expectEmit(true, true, true, true);
        emit BlobsAttached(a.owner, 1, blobs);
        vm.prank(a.signer);
        target.attachBlobs(a.owner, 1, 2);
        vm.prank(a.owner);
        vm.expectRevert(abi.encodeWithSelector(RecordLog.WrongEpoch.selector, 0, 1));
        target.attachBlobs(a.owner, 0, 2);
        vm.prank(a.owner);
        vm.expectRevert(abi.encodeWithSelector(RecordLog.EmptyCommitment.selector));
        target.attachBlobs(a.owner, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(RecordLog.NotParty.selector, address(this), a.owner));
        target.attachBlobs(a.owner, 1, 2);
    }

    function test_findsLeavesAndNoInnerNodes() public {
        (bytes32 left, bytes32 right) = (_leaf("one"), _leaf("two"));
        bytes32 root = left < right ? keccak256(abi.encodePacked(left, right)) : keccak256(abi.encodePacked(right, left));
        _commit(a, 1, root);
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = right;
        _sure(target.included(a.owner, 1, "one", proof), "one");
        _sure(!target.included(a.owner, 1, "two", proof), "another");
        _sure(!target.included(a.owner, 2, "one", proof), "no epoch");
        _sure(!target.included(b.owner, 1, "one", proof), "no party");
        _sure(!target.included(a.owner, 1, root, new bytes32[](0)), "the root");
    }

    function test_digestIsThatOfThePublishedTypes() public view {
        Head memory head = _head(3, 5, 7);
        _sure(target.digest(head) == _digest(head), "digest");
    }

    function test_publishesWithOneSignatureOrBoth() public {
        (Head memory head, Body memory body) = (_head(3, 5, 0), _body(3, a.owner));
        (bytes memory sigA, bytes memory sigB) = (_sign(head, a.hot), _sign(head, b.cold));
        vm.expectEmit(true, true, true, true);
        emit Published(a.owner, b.owner, 3, _digest(head), head, body, sigA, "");
        target.publish(head, body, sigA, "");
        target.publish(head, body, "", sigB);
        target.publish(head, body, sigA, sigB);
        vm.expectRevert(abi.encodeWithSelector(RecordLog.Unsigned.selector));
        target.publish(head, body, "", "");
        vm.expectRevert(abi.encodeWithSelector(Registry.WrongSigner.selector, a.owner, b.owner));
        target.publish(head, body, sigB, sigB);
        vm.expectRevert(abi.encodeWithSelector(Registry.WrongSigner.selector, b.owner, a.signer));
        target.publish(head, body, "", sigA);
        body.wh = 6;
        vm.expectRevert(abi.encodeWithSelector(RecordLog.WrongBody.selector, _bodyHash(body), head.bodyHash));
        target.publish(head, body, sigA, sigB);
        body.wh = -5;
        head.start = head.end;
        vm.expectRevert(abi.encodeWithSelector(RecordLog.BadPeriod.selector, head.end, head.end));
        target.publish(head, body, sigA, sigB);
        (head.start, head.end) = (START, uint64(block.timestamp + 1 hours + 1));
        vm.expectRevert(abi.encodeWithSelector(RecordLog.FutureEnd.selector, head.end, head.end - 1));
        target.publish(head, body, sigA, sigB);
        (head.a, head.end) = (head.b, uint64(block.timestamp));
        vm.expectRevert(abi.encodeWithSelector(Registry.PartiesNotOrdered.selector, b.owner, b.owner));
        target.publish(head, body, sigA, sigB);
        head = _head(3, 5, 0);
        head.b = address(type(uint160).max);
        sigA = _sign(head, a.hot);
        vm.expectRevert(abi.encodeWithSelector(Registry.UnknownParty.selector, head.b));
        target.publish(head, body, sigA, "");
    }

    function _logged(Head memory head, uint256 keyA, uint256 keyB, address by, uint64 epoch) private {
        (bytes memory sigA, bytes memory sigB) = (_sign(head, keyA), _sign(head, keyB));
        target.settleLogged(head, sigA, sigB, RecordLog.Inclusion(by, epoch, new bytes32[](0)));
    }

    function logged(Head memory head, uint256 keyA, uint256 keyB, address by, uint64 epoch) external {
        _logged(head, keyA, keyB, by, epoch);
    }

    function _loggedFails(Head memory head, address by, uint64 epoch, bytes memory why) private {
        try this.logged(head, a.hot, b.hot, by, epoch) {
            revert Failed("settled");
        } catch (bytes memory reason) {
            _sure(keccak256(reason) == keccak256(why), "another reason");
        }
    }

    function test_whatWasLoggedBeforeARevocationStaysGood() public {
        Head memory head = _head(1, 2e9, 0);
        _commit(b, 1, _leaf(_digest(head)));
        vm.warp(block.timestamp + 1);
        uint256 revokedAt = block.timestamp;
        vm.prank(a.owner);
        target.revoke(a.signer);
        Head memory later = _head(2, 3e9, 0);
        _commit(b, 2, _leaf(_digest(later)));
        _commit(c, 1, _leaf(_digest(head)));
        _loggedFails(later, b.owner, 2, abi.encodeWithSelector(Registry.KeyOver.selector, a.owner, a.signer, revokedAt, true));
        bytes32 digest = _digest(head);
        _loggedFails(head, c.owner, 1, abi.encodeWithSelector(RecordLog.NotIncluded.selector, c.owner, 1, digest));
        _loggedFails(head, b.owner, 2, abi.encodeWithSelector(RecordLog.NotIncluded.selector, b.owner, 2, digest));
        _loggedFails(head, a.owner, 1, abi.encodeWithSelector(RecordLog.NotIncluded.selector, a.owner, 1, digest));
        vm.warp(revokedAt + 100 days);
        _logged(head, a.hot, b.hot, b.owner, 1);
        (Settlement.Pair memory pair,,) = target.pairOf(a.owner, b.owner);
        _sure(pair.seq == 1 && pair.balanceB == 1e9 && pair.open == 1e9, "paid in part");
    }

    function test_aLogOfTheOtherTimeDoesNotHelp() public {
        // Logged by a itself, but before the key was a signer.
        Head memory head = _head(1, 5, 0);
        _commit(a, 1, _leaf(_digest(head)));
        vm.warp(block.timestamp + 1);
        _rotate(a, 601);
        vm.prank(a.owner);
        target.revoke(vm.addr(601));
        _loggedFails601(head);
    }

    function _loggedFails601(Head memory head) private {
        try this.logged(head, 601, b.hot, a.owner, 1) {
            revert Failed("settled");
        } catch (bytes memory reason) {
            _same(uint32(bytes4(reason)), uint32(Registry.KeyOver.selector), "another reason");
        }
    }
}
